"""Of the launch session and the owner's certificate one is missing.

Why    The firmware derives the keys that open the session from the guest owner's certificate: with one of them alone
       LAUNCH_START fails.
Fix    Give both `session` and `dhCert`, as `sevctl session` makes them together; or neither.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 dhCert and session, 8
       sev-session-without-dhcert)

Neither is shown.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Domain

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=_GOALS,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in _GOALS:
        return NotApplicable("it is no guest of type sev")
    session, cert = launch.blob("session"), launch.blob("dhCert")
    if session is not None and cert is not None:
        return Pass("it has both session and dhCert", (session.place, cert.place))
    found = session or cert
    if found is None:
        return Pass("it has neither session nor dhCert", (launch.place,))
    other = "dhCert" if session is not None else "session"
    because = f"it has {found.name} without {other}, with which the firmware cannot start it"
    return Fail(because, (found.place,), edit(f"give {other} too, or drop {found.name}"), value=found.name)

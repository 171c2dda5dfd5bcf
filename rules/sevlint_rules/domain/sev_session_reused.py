"""Two domains share one launch session.

Why    A session holds the keys of one launch, wrapped for one platform. With the same one in several domains their
       launches and the secrets sent to them hang on the same keys: who opens one opens all, and a host can give one
       guest what was meant for another.
Fix    Make a new session for each domain and each launch, as `sevctl session` does.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 dhCert and session, 8 sev-session-reused)

Compared are the domains of one run, in whichever files; copies of one domain, by its name or uuid, count once. The
session itself is never shown.
"""

from sevlint.api import Fail, Goal, NotApplicable, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain, SharedSession
from sevlint.words import few

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=_GOALS)
def judge(domain: Domain, shared: SharedSession | None) -> Verdict:
    launch = domain.launch_security
    session = launch.blob("session") if launch is not None and launch.goal in _GOALS else None
    if session is None:
        return NotApplicable("it is no guest of type sev, or has no session")
    if shared is None:
        return NotApplicable("no other domain that was read has its session")
    names = few(list(dict.fromkeys(one.text for one in shared.others)))
    remedy = edit("make a new session for each launch")
    places = (session.place, *(one.place for one in shared.others[:2]))
    return Fail(f"its launch session is also that of {names}", places, remedy)

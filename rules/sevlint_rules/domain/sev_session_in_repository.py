"""A launch session stands in a file outside the host.

Why    The session carries the keys that the guest owner's secrets travel under, wrapped for one platform, and is
       meant for one launch. In a file that is kept, copied or tracked it gets old and is read by whoever reads the
       file.
Fix    Leave `session` and `dhCert` out of the file, and put them in when the VM is defined; make new ones for each
       launch.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 session in clear, 8
       sev-session-in-repository)

The session itself is never shown.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain, DomainXml

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=_GOALS)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in _GOALS:
        return NotApplicable("it is no guest of type sev")
    session = launch.blob("session")
    if session is None:
        return Pass("no launch session is kept in it", (launch.place,))
    if not xml.outside:
        return NotApplicable("it is the host's own file")
    remedy = edit("leave session and dhCert out, and put them in when the VM is defined")
    return Fail("its launch session, which is secret and for one launch, stands in this file", (session.place,), remedy)

"""An encrypted guest has a VM generation ID.

Why    The host writes the ID, and may change it at any time: it tells the guest nothing that it could trust. A guest
       that is never restored from a copy, as these cannot be, does not need it.
Fix    Drop `<genid>`.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 genid)
"""

from sevlint.api import X86, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    if domain.genid is None:
        return Pass("it has no generation ID", (domain.place,))
    remedy = edit("drop the generation ID", "", change.drop(domain.genid))
    return Fail("it has a generation ID, which the host may change at will", (domain.genid,), remedy)

"""The CPU must have a feature that SEV-SNP always takes away.

Why    QEMU removes features whose registers the host would have to emulate; one that is required here is not there in
       the guest, and libvirt may stop the start for it.
Fix    Drop the feature from `<cpu>`.
Refs   qemu: target/i386/sev.c sev_snp_adjust_cpuid_features (libvirt-qemu 3.2 dropped features)

A live configuration lists what libvirt found: it is not judged.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_DROPPED = (
    *("tsc-deadline", "tsc-adjust", "spec-ctrl", "stibp", "flush-l1d", "arch-capabilities", "core-capability"),
    *("ssbd", "virt-ssbd"),
)


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV_SNP}, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    cpu = domain.cpu
    if domain.running:
        return NotApplicable("a live configuration lists what libvirt found")
    if cpu is None:
        return Pass("it requires no feature", (domain.place,))
    found = [one for one in cpu.required if one.text.replace("_", "-") in _DROPPED]
    if not found:
        return Pass("it requires nothing that SEV-SNP takes away", (cpu.place,))
    names = ", ".join(one.text for one in found)
    remedy = edit("drop what SEV-SNP takes away", "", *(change.drop(one.place) for one in found))
    because = f"it requires {names}, which SEV-SNP takes away"
    return Fail(because, tuple(one.place for one in found), remedy, value=names)

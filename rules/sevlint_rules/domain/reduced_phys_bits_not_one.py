"""reducedPhysBits is not 1.

Why    A guest loses one bit of its physical addresses, the C-bit, so 1 is right. The host's own loss, 5 or 6 bits as
       the kernel and CPUID say it, is another number: it is legal but wasteful, as the guest gets less address space
       than it could have. QEMU refuses 0.
Fix    Leave `<reducedPhysBits>` out, or write 1.
Refs   qemu: target/i386/sev.c; libvirt: docs/formatdomaincaps.rst (libvirt-qemu 1.2 reducedPhysBits, 4.2
       reducedPhysBits, 8 reduced-phys-bits-not-one; amd-host 1.3 C-bit, 9 #18)
"""

from sevlint.api import (
    AMD_SEV,
    Confidence,
    Fail,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=AMD_SEV, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type has no reducedPhysBits")
    written = launch.reduced_phys_bits
    number = written.number if written is not None else None
    if written is None or number is None:
        return Pass("libvirt fills reducedPhysBits in", (launch.place,))
    if number == 1:
        return Pass("reducedPhysBits is 1", (written.place,))
    because = f"reducedPhysBits is {number}: a guest loses 1 bit, the C-bit"
    remedy = edit(
        "write 1, or leave it out", "<reducedPhysBits>1</reducedPhysBits>", change.put(written.place, "1"), safe=True
    )
    return Fail(because, (written.place,), remedy, value=str(number))

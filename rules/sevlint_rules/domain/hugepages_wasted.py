"""Huge pages are set aside for a guest whose private memory cannot use them.

Why    SEV-SNP and TDX take private memory from guest_memfd, in pages of 4 KiB or transparent huge ones. Of the huge
       pages only the shared part is used: nearly as much memory as the guest has lies idle beside it.
Fix    Drop `<hugepages>`.
Refs   qemu: accel/kvm/kvm-all.c (libvirt-qemu 3.2 hugepages SEV, 3.2 hugepages SEV-SNP, 3.2 hugepages shared TDX, 8
       memory-hugepages-wasted; intel-tdx 7.4 hugepages, 7.4 memory source, 7.4 access shared)

SEV and SEV-ES guests do use them.
"""

from sevlint.api import PRIVATE_MEMORY, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=PRIVATE_MEMORY, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    if domain.hugepages is None:
        return Pass("it asks for no huge pages", (domain.backing_place or domain.place,))
    remedy = edit("drop the huge pages", "", change.drop(domain.hugepages))
    return Fail("its private memory cannot use the huge pages set aside for it", (domain.hugepages,), remedy)

"""A floppy disk.

Why    A floppy needs ISA DMA below 16 MiB, where the guest's bounce buffers are not: in a confidential guest it is not
       expected to work.
Fix    Drop it; hand over files by a CD-ROM image or a virtio disk.
Refs   linux: drivers/block/floppy.c, kernel/dma/swiotlb.c (libvirt-qemu 3.2 floppy, 8 disk-floppy)

Worked out from how the parts work, and not from a report: low confidence.
"""

from sevlint.api import X86, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.LOW)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("disk") if one.device == "floppy" or one.bus == "fdc"]
    if not found:
        return Pass("it has no floppy disk", (domain.devices_place or domain.place,))
    remedy = edit("drop the floppy disk", "", *(change.drop(one.place) for one in found))
    because = "a floppy disk, which is not expected to work in a confidential guest"
    return Fail(because, tuple(one.place for one in found), remedy=remedy)

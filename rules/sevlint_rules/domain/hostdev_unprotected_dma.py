"""A device of the host is assigned to the guest: what it reads and writes is unprotected.

Why    Without TEE-IO (SEV-TIO, TDX Connect) an assigned device reaches the guest's shared memory only: its data lies
       there in clear, and the host controls the device. What a USB or SCSI device of the host reads and writes goes
       through the host's own drivers.
Fix    Encrypt and authenticate in the guest all that goes through the device, or assign none.
Refs   qemu: system/physmem.c (libvirt-qemu 2.2 hostdev, 3.2 VFIO, 3.2 VFIO data, 3.2 hostdev USB SCSI mdev, 8
       hostdev-unprotected-dma; intel-tdx 7.4 hostdev)

A disk behind the host's NVMe driver is a virtio disk to the guest: nothing of its own is wrong with it. For SEV-SNP
with a QEMU that may not be able to assign devices at all, hostdev-pci-private-memory speaks first.
"""

from sevlint.api import X86, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU_VFIO_PRIVATE_MEMORY
from sevlint.words import count

_THROUGH_THE_HOST = ("mdev", "usb", "scsi", "scsi_host")


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86)
def judge(domain: Domain, versions: StackVersions | None, goal: Goal) -> Verdict:
    pci = [one for one in domain.devices if one.is_pci_of_host and one.kind != "disk"]
    others = [one for one in domain.all("hostdev") if one.type in _THROUGH_THE_HOST]
    if not pci and not others:
        return Pass("it is assigned no device of the host", (domain.devices_place or domain.place,))
    qemu = versions.qemu if versions is not None else None
    if goal is Goal.SEV_SNP and (qemu is None or qemu.version < QEMU_VFIO_PRIVATE_MEMORY):
        pci = []
    if not pci and not others:
        return NotApplicable("hostdev-pci-private-memory speaks of its devices")
    places = tuple(one.place for one in (*pci, *others))
    because = f"{count(len(places), 'assigned device')} of the host, with data in clear in shared memory"
    return Fail(because, places, remedy=edit("encrypt in the guest what goes through it, or assign no device"))

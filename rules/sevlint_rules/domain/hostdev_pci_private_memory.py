"""A device of the host is assigned to an SEV-SNP guest, which QEMU before 10.1 refuses.

Why    An assigned device pins the guest's memory, and QEMU before 10.1 cannot then give it private memory: it stops
       with `cannot set up private guest memory: discard currently blocked`.
Fix    Upgrade QEMU to 10.1 or newer, or assign no device.
Refs   qemu: system/physmem.c, system/ram-block-attributes.c (libvirt-qemu 3.2 VFIO SEV-SNP, 7 VFIO, 8
       hostdev-pci-private-memory)

TDX needs QEMU 10.1 anyway. Where QEMU's version is not known this is a warning.
"""

from sevlint.api import AmdRung, Confidence, Fail, Goal, Needs, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU_VFIO_PRIVATE_MEMORY, text
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict:
    places = tuple(one.place for one in domain.devices if one.is_pci_of_host)
    if not places:
        return Pass("it is assigned no PCI device of the host", (domain.devices_place or domain.place,))
    qemu = versions.qemu if versions is not None else None
    if qemu is not None and qemu.version >= QEMU_VFIO_PRIVATE_MEMORY:
        return Pass(f"QEMU {qemu.text} can assign devices", (*places, qemu.place))
    needed = text(QEMU_VFIO_PRIVATE_MEMORY)
    remedy = upgrade("QEMU", needed, Needs.VM_RESTART)
    what = count(len(places), "device")
    if qemu is not None:
        because = f"{what} of the host, which QEMU {qemu.text} cannot assign to an SEV-SNP guest: that needs {needed}"
        return Fail(because, (*places, qemu.place), remedy=remedy, value=qemu.text)
    because = f"{what} of the host, which QEMU before {needed} cannot assign to an SEV-SNP guest"
    return Fail(because, places, remedy=remedy, severity=Severity.WARNING, confidence=Confidence.MEDIUM)

"""A device that is no PCI device has settings of an option ROM.

Why    libvirt refuses the domain: `ROM tuning is only supported for PCI devices`.
Fix    Drop `<rom>`, or give the device a PCI address.
Refs   libvirt: src/qemu/qemu_validate.c (libvirt-qemu 2.1 ROM tuning)

Guides for SEV put `<rom>` on network cards; USB devices of the host and devices on virtio-mmio have none.
"""

from sevlint.api import X86, AmdRung, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Device, Domain

_ON_PCI = ("", "pci", "unassigned")


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = [one.rom_place for one in domain.devices if one.rom_place is not None and _is_elsewhere(one)]
    places = tuple(place for place in found if place is not None)
    if not places:
        return Pass("only PCI devices have settings of a ROM", (domain.devices_place or domain.place,))
    remedy = edit("drop <rom>", "", *(change.drop(place) for place in places), safe=True)
    return Fail("it has <rom> on a device that is not on PCI, which libvirt refuses", places, remedy)


def _is_elsewhere(one: Device) -> bool:
    """By its address, else by what it is: a USB device of the host is on no other bus."""
    return one.address not in _ON_PCI or (not one.address and one.kind == "hostdev" and one.type == "usb")

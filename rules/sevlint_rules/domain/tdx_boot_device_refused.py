"""The firmware has no driver for the device that the TD shall boot from.

Why    The TDX build of OVMF that is named OVMF.inteltdx (its Config-B) loads no drivers for SCSI, USB, CD-ROM and
       network cards in a TD: it finds nothing to boot.
Fix    Boot from a virtio, NVMe or SATA hard disk; install by a prepared image instead of a CD-ROM or PXE.
Refs   edk2: OvmfPkg/IntelTdx/IntelTdxX64.dsc (intel-tdx 7.4 boot disk; libvirt-qemu 3.2 emulated disk TDX)

What counts is whether any device of the boot order can be booted. Firmware is known by its file's name only.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Place,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Device, Domain

_BUSES = ("virtio", "sata", "nvme", "ide")
_REFUSED = ("cdrom", "network", "fd")


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.TDX},
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    if domain.kernel is not None:
        return NotApplicable("it boots a kernel directly")
    firmware = domain.firmware
    if firmware.loader and "inteltdx" not in firmware.loader.rsplit("/", 1)[-1].lower():
        return NotApplicable("its firmware is not the OVMF.inteltdx build")
    order = [(_can_boot(one), one.place) for one in domain.devices if one.boot_order is not None]
    if not order:
        order = [(_can_boot_from(domain, one.text), one.place) for one in domain.boot]
    if not order:
        return NotApplicable("it says no boot order")
    good = next((place for can, place in order if can), None)
    if good is not None:
        return Pass("it can boot from a device of its boot order", (good,))
    if any(can is None for can, _ in order):
        return Open("the bus of a disk in its boot order is not written")
    if not firmware.loader:
        return Open("which firmware libvirt will choose is not written: OVMF.inteltdx could not boot it")
    return _fail(domain, tuple(place for _, place in order))


def _fail(domain: Domain, places: tuple[Place, ...]) -> Fail:
    because = "its firmware has no driver for any device of its boot order: it boots virtio, NVMe and SATA disks only"
    remedy = edit("boot from a virtio disk", "<target dev='vda' bus='virtio'/>")
    return Fail(because, (*places, domain.firmware.loader_place or domain.firmware.place), remedy=remedy)


def _can_boot(one: Device) -> bool | None:
    """None where the bus of a disk is left to libvirt."""
    if one.kind == "hostdev":
        return None
    if one.kind != "disk" or one.device not in ("", "disk"):
        return False
    return one.bus in _BUSES if one.bus else None


def _can_boot_from(domain: Domain, kind: str) -> bool | None:
    if kind in _REFUSED:
        return False
    cans = [_can_boot(one) for one in domain.all("disk") if one.device in ("", "disk", "lun")]
    return True if True in cans else None if None in cans or not cans else False

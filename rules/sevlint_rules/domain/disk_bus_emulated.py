"""A disk behind an emulated controller.

Why    SATA, IDE, USB, NVMe and emulated SCSI work in Linux through bounce buffers, and are slow; some firmware for
       confidential guests has no drivers for them.
Fix    Use bus virtio, or scsi behind a virtio-scsi controller.
Refs   libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 3.2 emulated disk, 3.2 virtio-blk boot, 3.3 #5, 8
       disk-bus-emulated)

A CD-ROM, which cannot be a virtio disk, is left alone.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count

_EMULATED = ("ide", "sata", "usb", "nvme")


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [
        one for one in domain.all("disk") if one.bus in _EMULATED and one.device in ("", "disk") and one.type != "nvme"
    ]
    found += [
        one
        for one in domain.all("controller")
        if one.type == "scsi" and one.model and not one.model.startswith("virtio")
    ]
    if not found:
        return Pass("no disk is on an emulated bus", (domain.devices_place or domain.place,))
    remedy = edit("use bus virtio", "<target dev='vda' bus='virtio'/>")
    because = f"{count(len(found), 'emulated storage device')}, slow in a confidential guest"
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].bus or found[0].model)

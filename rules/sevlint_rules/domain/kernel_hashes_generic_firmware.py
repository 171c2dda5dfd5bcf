"""Hashes of the kernel are asked for, and the firmware is not made for them.

Why    Generic OVMF has no table for the hashes: QEMU stops with `kernel specified but guest firmware has no hashes
       table GUID`, or the firmware takes the kernel without looking at them.
Fix    Name an OVMF of the package AmdSev: OVMF.amdsev.fd.
Refs   qemu: target/i386/sev.c; edk2: OvmfPkg/AmdSev (libvirt-qemu 2.4 names Fedora SEV, 2.4 names Debian SEV, 2.4 names
       SUSE SEV, 2.4 name amdsev, 3.2 kernel firmware, 8 kernel-hashes-generic-firmware)

Judged by the name that distributions give; an image of a site's own name is not judged.
"""

from sevlint.api import AMD_SEV, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=AMD_SEV, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    launch, firmware = domain.launch_security, domain.firmware
    if launch is None or not launch.kernel_hashes or domain.kernel is None or firmware.loader_place is None:
        return NotApplicable("it asks for no hashes, or names no firmware")
    name = firmware.loader.rsplit("/", 1)[-1]
    if firmware.has_hashes:
        return Pass("its firmware is made for hashes", (firmware.loader_place,))
    if not any(word in name.lower() for word in ("ovmf", "edk2")):
        return NotApplicable("its firmware has a name of its own")
    remedy = edit("name firmware made for SEV", "<loader>/PATH/TO/OVMF.amdsev.fd</loader>")
    because = f"it asks for the kernel's hashes, and its firmware {name} is a generic OVMF"
    return Fail(because, (firmware.loader_place, launch.place.at("kernelHashes")), remedy, value=name)

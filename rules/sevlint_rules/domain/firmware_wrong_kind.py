"""The firmware image is, by its name, made for something else.

Why    Each technology needs its own metadata in the image: SEV-SNP and TDX stop without it, a Secure Boot build needs
       SMM, and half of a split image does not start as ROM.
Fix    Name an image made for the goal: OVMF.amdsev.fd for SEV-SNP, OVMF.inteltdx.fd for TDX, OVMF_CODE.fd as flash for
       SEV and SEV-ES.
Refs   libvirt: tests/qemufirmwaredata; qemu: hw/i386/pc_sysfw.c (libvirt-qemu 2.3 descriptor inteltdx, 2.4 SNP rom, 2.4
       TDX rom, 2.4 CSM, 2.4 Secure Boot build under SNP, 2.4 names Fedora, 2.4 names Fedora TDX, 2.4 names Debian, 2.4
       names Debian TDX, 2.4 names SUSE TDX, 2.4 name secboot, 2.4 name amdsev, 2.4 name tdx, 2.4 name CODE, 2.4 name of
       another kind, 8 firmware-wrong-kind; intel-tdx 7.4 image, 7.4 split image)

Judged by the name that distributions give; an image of a site's own name is not judged. A build with a legacy BIOS
(CSM) inside is a warning: it may start as UEFI, and never boots a legacy system.
"""

from sevlint.api import (
    PRIVATE_MEMORY,
    X86,
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, goal: Goal) -> Verdict:
    firmware = domain.firmware
    place = firmware.loader_place
    if place is None or not firmware.loader or not firmware.is_uefi:
        return NotApplicable("it names no UEFI image")
    if goal in PRIVATE_MEMORY and firmware.loader_type == "pflash":
        return NotApplicable("its image is flash, which is refused already")
    wrong = firmware.wrong_kind(goal)
    if "SMM" in wrong and (firmware.secure_boot or domain.smm):
        return NotApplicable("it asks for Secure Boot or SMM, which is refused already")
    if not wrong and firmware.has_csm:
        because = "its firmware was by its path built with a legacy BIOS (CSM), which cannot run encrypted"
        remedy = edit(f"name an image made for {goal.value}")
        return Fail(because, (place,), remedy, severity=Severity.WARNING, confidence=Confidence.LOW, value="csm")
    if not wrong:
        return Pass("nothing in its image's name is against it", (place,))
    name = firmware.loader.rsplit("/", 1)[-1]
    because = f"its firmware {name} is {wrong}"
    return Fail(because, (place,), edit(f"name an image made for {goal.value}"), value=name)

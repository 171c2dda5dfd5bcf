"""Secure Boot is asked for, which needs SMM, and this type of guest has none.

Why    Firmware for Secure Boot protects its variables by System Management Mode. libvirt finds no such firmware that
       also has the feature for SEV, and QEMU refuses SMM for SEV-ES, SEV-SNP and TDX.
Fix    Drop secure='yes' and the firmware feature secure-boot. For TDX an image with built-in keys
       (OVMF.inteltdx.secboot.fd) has Secure Boot without SMM.
Refs   libvirt: src/qemu/qemu_firmware.c, src/qemu/qemu_validate.c (libvirt-qemu 2.1, 2.3, 3.2 Secure Boot, 8
       firmware-secure-boot-needs-smm)
"""

from sevlint.api import (
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
    change,
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
    places = firmware.secure_boot
    if not places:
        return Pass("it does not ask for Secure Boot", (firmware.loader_place or firmware.place,))
    if goal is Goal.SEV and firmware.autoselect != "efi":
        return NotApplicable("plain SEV runs with SMM")
    if goal is Goal.TDX and not firmware.secure:
        return NotApplicable("firmware for TDX has Secure Boot without SMM")
    if domain.smm and goal is not Goal.SEV:
        return NotApplicable("it asks for SMM, which is refused already")
    remedy = edit("do without Secure Boot", "", *(change.drop(place) for place in places))
    if firmware.wrong_kind(goal):
        remedy = edit("do without Secure Boot, and name another image")
    because = "it asks for Secure Boot, which needs SMM, and this type of guest has none"
    if goal is Goal.SEV:
        because = "it asks for Secure Boot, and no such firmware has the feature for SEV"
    return Fail(because, places, remedy, value="secure-boot")

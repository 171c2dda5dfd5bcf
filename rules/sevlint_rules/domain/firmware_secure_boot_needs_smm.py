"""Secure Boot is asked for, which needs SMM, and this type of guest has none.

Why    Firmware for Secure Boot protects its variables by System Management Mode. libvirt finds no such firmware that
       also has the feature for SEV, and QEMU refuses SMM for SEV-ES, SEV-SNP and TDX.
       Plain SEV may have it with an image named by hand: then libvirt demands q35, x86_64 and `<smm>`, `Secure boot
       requires SMM feature enabled`.
Fix    Drop secure='yes' and the firmware feature secure-boot. For TDX an image with built-in keys
       (OVMF.inteltdx.secboot.fd) has Secure Boot without SMM.
Refs   libvirt: src/qemu/qemu_firmware.c, src/qemu/qemu_validate.c (libvirt-qemu 2.1 Secure Boot q35, 2.1 Secure Boot
       x86_64, 2.1 Secure Boot SMM, 2.3 #2, 2.3 descriptor 4m sb, 2.3 descriptor 2m sb, 3.2 Secure Boot, 8
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
        return _plain(domain)
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


def _plain(domain: Domain) -> Verdict:
    """Plain SEV with an image named by hand: libvirt looks at the loader's attribute alone."""
    loader = domain.firmware.loader_place
    if not domain.firmware.secure or loader is None:
        return NotApplicable("nothing asks libvirt for Secure Boot")
    place = loader.at("secure")
    if domain.arch == "i686":
        return Fail("libvirt has Secure Boot for x86_64 only", (place,), edit("use x86_64"), value=domain.arch)
    if domain.machine == "pc" or domain.machine.startswith("pc-i440fx"):
        return Fail("libvirt has Secure Boot on q35 only", (place,), edit("use q35"), value=domain.machine)
    if domain.smm:
        return Pass("plain SEV runs with SMM", (place,))
    smm = "<smm state='on'/>"
    do = change.add(domain.place, f"<features>{smm}</features>")
    if domain.smm_place is not None:
        do = change.put(domain.smm_place.at("state"), "on")
    elif domain.features_place is not None:
        do = change.add(domain.features_place, smm)
    because = "it asks for Secure Boot, and not for the SMM that libvirt demands with it"
    return Fail(because, (place,), edit("switch SMM on, or do without Secure Boot", smm, do), value="smm")

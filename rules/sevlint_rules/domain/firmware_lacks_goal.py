"""The host's firmware is not made for what the domain asks.

Why    libvirt knows by descriptors what an image can do. Where none has the feature, autoselection ends with `Unable to
       find 'efi' firmware that is compatible with the current configuration`; an image that is named by hand is taken
       unseen, and fails in the guest.
Fix    Install firmware with the feature (packages edk2-ovmf, ovmf-amdsev, ovmf-inteltdx), or name another image.
Refs   libvirt: src/qemu/qemu_firmware.c; qemu: docs/interop/firmware.json (libvirt-qemu 1.3 SEV bit 2 and firmware, 2.1
       no firmware, 2.3 search order, 2.3 masks, 2.3 interface, 2.3 machine and arch, 2.3 acpi-s3, 2.3 requested
       features, 2.3 requires-smm, 2.3 sev, 2.3 sev-es, 2.3 sev-snp, 2.3 tdx, 2.3 combined mode, 2.3 #5, 2.3 descriptor
       4m nosb, 2.3 descriptor 2m nosb, 2.3 feature names, 2.3 flash mode)

Judged with the host around the domain, or the one that `--host` lends.
"""

from sevlint.api import (
    PRIVATE_MEMORY,
    X86,
    AmdRung,
    Confidence,
    Fail,
    Gap,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.domain import Domain
from sevlint.facts.firmware import FirmwareDescriptors


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, descriptors: FirmwareDescriptors | Gap, goal: Goal) -> Verdict:
    firmware = domain.firmware
    if not firmware.is_uefi or firmware.secure_boot:
        return NotApplicable("its firmware is no UEFI, or asks for Secure Boot")
    if firmware.loader and (firmware.wrong_kind(goal) or (goal in PRIVATE_MEMORY and firmware.loader_type == "pflash")):
        return NotApplicable("its firmware is refused already")
    if isinstance(descriptors, Gap):
        if descriptors.is_damage:
            return Open("the host's firmware descriptors could not be read", descriptors.wanted)
        return NotApplicable("no firmware descriptors of a host were given")
    place = firmware.loader_place or firmware.place
    known = [one for one in descriptors.items if one.filename == firmware.loader]
    if not firmware.loader:
        known = [one for one in descriptors.items if one.fits(domain)]
    if firmware.loader and not known:
        return NotApplicable("no descriptor knows its image")
    offer = next((one for one in known if one.offers(goal)), None)
    if offer is not None:
        return Pass(f"its firmware is made for {goal.value}", (place, offer.place))
    if descriptors.unread:
        return Open("some of the host's firmware descriptors could not be read")
    if firmware.loader:
        because = f"its firmware {firmware.loader} has no feature for {goal.value}, by its descriptor"
        remedy = Remedy(f"name an image made for {goal.value}")
        return Fail(because, (place, known[0].place), remedy, confidence=Confidence.MEDIUM, value=firmware.loader)
    others = [one for one in descriptors.items if one.offers(goal) and one.fits(domain, whatever_machine=True)]
    if others:
        return NotApplicable("firmware is there, and not for its machine type")
    because = f"libvirt finds no firmware for {goal.value} on the host"
    near = [
        one.unmet(domain) for one in descriptors.items if one.offers(goal) and one.fits(domain, whatever_it_can=True)
    ]
    if near:
        because += f" that {near[0]}, as the domain asks"
        return Fail(
            because, (place, descriptors.place), Remedy("ask for less, or install such firmware"), value=near[0]
        )
    return Fail(
        because, (place, descriptors.place), Remedy(f"install firmware made for {goal.value}"), value=goal.value
    )

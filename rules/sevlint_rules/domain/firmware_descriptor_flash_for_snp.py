"""The host's firmware for SEV-SNP is described as flash, which SEV-SNP guests cannot have.

Why    libvirt attaches the image as the descriptor says, and QEMU stops with `pflash with kvm requires KVM readonly
       memory support`.
Fix    Update the host's edk2 package: newer descriptors say `"device": "memory"`. Until then name the image yourself:
       `<loader type='rom'>` with the descriptor's file name, and no firmware='efi'.
Refs   CentOS Stream edk2 merge request 86 (RHEL-72447); libvirt: src/qemu/qemu_firmware.c (libvirt-qemu 2.3 flash and
       loader type, 2.3 memory and loader type, 2.3 descriptor amdsev, 2.4 amdsev as flash, 8
       firmware-descriptor-flash-for-snp)
"""

from sevlint.api import AmdRung, Fail, Gap, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain, escape
from sevlint.facts.firmware import FirmwareDescriptors


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain, descriptors: FirmwareDescriptors | Gap) -> Verdict:
    firmware = domain.firmware
    if firmware.autoselect != "efi" or firmware.loader or firmware.loader_type or firmware.has_nvram:
        return NotApplicable("libvirt does not choose its firmware freely")
    if isinstance(descriptors, Gap):
        if descriptors.is_damage:
            return Open("the host's firmware descriptors could not be read", descriptors.wanted)
        return NotApplicable("no firmware descriptors of a host were given")
    found = [one for one in descriptors.items if one.offers(Goal.SEV_SNP) and one.fits(domain)]
    memory = next((one for one in found if one.device == "memory"), None)
    if memory is not None:
        return Pass("the host has firmware for SEV-SNP that is no flash", (firmware.place, memory.place))
    if not found:
        return NotApplicable("the host's descriptors have no firmware for SEV-SNP")
    if descriptors.unread:
        return Open("some of the host's firmware descriptors could not be read")
    image = found[0].filename
    remedy = edit("name the image as ROM, or update edk2", f"<loader type='rom'>{escape(image)}</loader>")
    because = f"libvirt would attach {image} as flash, which QEMU refuses for SEV-SNP"
    return Fail(because, (firmware.place, found[0].place), remedy, value=image)

"""The domain has no UEFI firmware.

Why    Without one libvirt starts SeaBIOS, which cannot run encrypted: plain SEV hangs in firmware, SEV-ES, SEV-SNP and
       TDX are refused by QEMU. libvirt accepts such a domain without a word.
Fix    Ask for UEFI: `<os firmware='efi'>`, or name an OVMF image in `<loader>`.
Refs   libvirt: docs/formatdomain.rst, src/qemu/qemu_firmware.c; qemu: target/i386/sev.c (libvirt-qemu 2.1 type does not
       support nvram, 2.1 EFI permits NVRAM, 2.2 no firmware, 2.2 os type efi, 2.4 SeaBIOS, 2.5 Q35 and UEFI, 3.3 #7, 8
       firmware-missing, 8 firmware-bios, 8 os-type-attribute-efi; intel-tdx 7.4 SeaBIOS)

`<os type='efi'>`, which libvirt's own SEV page shows, is a misprint that libvirt ignores.
"""

from sevlint.api import (
    X86,
    AmdRung,
    Change,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain, DomainXml, Element


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    firmware = domain.firmware
    if firmware.asks_for_autoselection:
        return NotApplicable("libvirt refuses it, as firmware-choice-contradictory says")
    if firmware.is_uefi:
        return Pass("it has UEFI firmware", (firmware.loader_place or firmware.place,))
    if firmware.autoselect == "bios" or firmware.loader:
        because = "its firmware is a BIOS, which cannot run encrypted"
        place = firmware.loader_place or firmware.place
        return Fail(because, (place,), remedy=_remedy(domain, xml), value=firmware.loader)
    if xml.os is not None and xml.os.get("type") == "efi" and not firmware.autoselect:
        misprint = xml.os.place.at("type")
        do = (change.put(xml.os.place.at("firmware"), "efi"), change.drop(misprint), *_stateless(domain, xml.os))
        remedy = edit("write firmware='efi'", "<os firmware='efi'>", *do, safe=True)
        because = "<os> has no attribute type, which libvirt ignores: it will start SeaBIOS"
        return Fail(because, (misprint,), remedy=remedy, value="type")
    because = "it has no UEFI firmware: libvirt will start SeaBIOS"
    return Fail(because, (firmware.place,), remedy=_remedy(domain, xml))


def _remedy(domain: Domain, xml: DomainXml) -> Remedy:
    loader = domain.firmware.loader_place
    if xml.os is None:
        return edit("ask for UEFI firmware", "<os firmware='efi'>")
    drop = [change.drop(loader.at(""))] if loader is not None else []
    firmware = change.put(xml.os.place.at("firmware"), "efi")
    return edit("ask for UEFI firmware", "<os firmware='efi'>", firmware, *drop, *_stateless(domain, xml.os))


def _stateless(domain: Domain, os: Element) -> list[Change]:
    """libvirt 10.5 to 11.7 finds the firmware for SEV-SNP only where this is asked for."""
    return [change.add(os.place, "<loader stateless='yes'/>")] if domain.goal is Goal.SEV_SNP else []

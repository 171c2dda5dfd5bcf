"""The domain has no UEFI firmware.

Why    Without one libvirt starts SeaBIOS, which cannot run encrypted: plain SEV hangs in firmware, SEV-ES, SEV-SNP and
       TDX are refused by QEMU. libvirt accepts such a domain without a word.
Fix    Ask for UEFI: `<os firmware='efi'>`, or name an OVMF image in `<loader>`.
Refs   libvirt: docs/formatdomain.rst, src/qemu/qemu_firmware.c; qemu: target/i386/sev.c (libvirt-qemu 2.2, 2.4)

`<os type='efi'>`, which libvirt's own SEV page shows, is a misprint that libvirt ignores.
"""

from sevlint.api import X86, AmdRung, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    if firmware.is_uefi:
        return Pass("it has UEFI firmware", (firmware.loader_place or firmware.place,))
    remedy = edit("ask for UEFI firmware", "<os firmware='efi'>")
    if firmware.autoselect == "bios" or firmware.loader:
        because = "its firmware is a BIOS, which cannot run encrypted"
        return Fail(because, (firmware.loader_place or firmware.place,), remedy=remedy, value=firmware.loader)
    return Fail("it has no UEFI firmware: libvirt will start SeaBIOS", (firmware.place,), remedy=remedy)

"""UEFI firmware without ACPI, which libvirt refuses.

Why    libvirt stops at definition or start with `UEFI requires ACPI on this architecture`.
Fix    Put `<acpi/>` into `<features>`.
Refs   libvirt: src/qemu/qemu_validate.c (libvirt-qemu 2.1 ACPI, 2.4 rom is BIOS, 3.2 acpi, 8 acpi-missing)

A hand-written `<loader type='rom'>` is a BIOS to libvirt, which then checks nothing.
"""

from sevlint.api import X86, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    if domain.acpi is not None:
        return Pass("it has ACPI", (domain.acpi,))
    if not firmware.is_uefi or not (firmware.autoselect == "efi" or firmware.loader_type == "pflash"):
        return NotApplicable("libvirt does not know its firmware for UEFI")
    parent = domain.features_place
    do = change.add(parent, "<acpi/>") if parent else change.add(domain.place, "<features><acpi/></features>")
    remedy = edit("switch ACPI on", "<features>\n  <acpi/>\n</features>", do, safe=True)
    return Fail("it has UEFI firmware and no <acpi/>, which libvirt refuses", (parent or domain.place,), remedy)

"""An ACPI table of the host is put into the guest.

Why    The table comes from the host and is not part of the launch measurement: its code runs in the guest's kernel.
Fix    Drop `<acpi><table>` from `<os>`.
Refs   libvirt: docs/formatdomain.rst, ACPI tables (libvirt-qemu 3.2 ACPI table)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    if not domain.acpi_tables:
        return Pass("it is given no ACPI table", (domain.firmware.place,))
    because = "an ACPI table of the host, which is not measured, runs in the guest"
    return Fail(because, domain.acpi_tables, remedy=edit("drop the table"))

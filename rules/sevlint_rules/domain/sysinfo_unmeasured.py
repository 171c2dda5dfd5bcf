"""SMBIOS or fw_cfg data of the host is put into the guest.

Why    The host may change it at any start, and it is not part of the launch measurement: the guest must not trust it.
Fix    Put no secret and no configuration there that the guest's safety depends on.
Refs   libvirt: docs/formatdomain.rst, SMBIOS system information (libvirt-qemu 3.2 sysinfo)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    if not domain.sysinfo:
        return Pass("it is given no SMBIOS or fw_cfg data", (domain.place,))
    because = "SMBIOS or fw_cfg data of the host, which is not measured, is given to the guest"
    return Fail(because, domain.sysinfo, remedy=edit("let nothing in the guest trust it"))

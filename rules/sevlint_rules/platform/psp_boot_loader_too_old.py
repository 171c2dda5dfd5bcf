"""The PSP's boot loader is older than SEV-SNP on Milan needs.

Why    AMD names boot loader 00.13.00.70 as the first for SEV-SNP on EPYC 7003; with an older one updated SEV firmware
       answers INIT with error 0x1, which looks like a fault of the platform's state.
Fix    Update the BIOS to one with AGESA MilanPI 1.0.0.9 or newer, and cold boot.
Refs   AMDESE/AMDSEV README (amd-host 1.4 PSP boot loader, 2 PSP boot loader, 9 #13; peer-checks 10 #2); linux:
       Documentation/ABI/testing/sysfs-driver-ccp (amd-host 4.4 bootloader_version)

Error 0x1 alone is mostly the follower of another failure; only the version tells that this is the cause.
"""

import re

from sevlint.api import Fail, Goal, Needs, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.log import KernelLog
from sevlint.facts.trust import PspSecurity

_NEEDED = "00.13.00.70"
_FORM = re.compile(r"[0-9a-fA-F]{2}(?:\.[0-9a-fA-F]{2}){3}")


@rule(about=Subject.HOST, severity=Severity.WARNING, goals={Goal.SEV_SNP})
def judge(cpu: Cpuinfo, psp: PspSecurity | None, log: KernelLog | None) -> Verdict:
    if cpu.in_vm or cpu.generation != "milan":
        return NotApplicable("a minimum is known for Milan only")
    found = psp.all("bootloader_version") if psp is not None else ()
    if not found and log is not None and log.last("ccp-sev-snp-api") is not None:
        return NotApplicable("the firmware initialised SEV-SNP, so the boot loader will do")
    if not found:
        return Open(
            "the version of the PSP's boot loader was not collected", ("sys/bus/pci/devices/*/bootloader_version",)
        )
    strange = next((item for item in found if not _FORM.fullmatch(item.value)), None)
    if strange is not None:
        return Open(f"{strange.place.path} holds no version of a boot loader")
    # four bytes of two hexadecimal digits each: texts of one case compare as the numbers do
    old = tuple(item for item in found if item.value.lower() < _NEEDED)
    if old:
        remedy = upgrade("the BIOS (AGESA)", "MilanPI 1.0.0.9", Needs.COLD_BOOT)
        because = f"the PSP's boot loader {old[0].value} is older than {_NEEDED}, the first for SEV-SNP on Milan"
        return Fail(because, tuple(item.place for item in old), remedy=remedy, value=old[0].value)
    return Pass(f"PSP boot loader {found[0].value}", tuple(item.place for item in found))

"""The host's own SME is on, and the microcode is too old for the IOMMU beside it.

Why    On EPYC 7001 the kernel leaves the IOMMU off when SME is active and the microcode is older than 0x8001126, or one
       of 0x8001200 to 0x8001204: no device can be given to a guest.
Fix    Update the microcode (BIOS or linux-firmware), or remove `mem_encrypt=on`, which SEV guests do not need.
Refs   linux: drivers/iommu/amd/init.c (amd-host 8.3 Family 17h, 5.4 #82)

Where the kernel log is whole the kernel's own line `IOMMU not currently supported when SME is active` decides.
"""

from sevlint.api import AMD_SEV, Fail, Needs, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline
from sevlint.facts.log import KernelLog


def _is_supported(revision: int) -> bool:
    return revision >= 0x8001205 or 0x8001126 <= revision <= 0x80011FF


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(cpu: Cpuinfo, cmdline: KernelCmdline, log: KernelLog | None) -> Verdict:
    option = cmdline.last("mem_encrypt")
    if cpu.generation != "naples" or cpu.in_vm:
        return NotApplicable("no EPYC 7001")
    if option is None or option.value != "on":
        return NotApplicable("nothing asks for the host's own SME")
    if log is not None and log.whole:
        return NotApplicable("the kernel log tells it itself")
    if cpu.microcode is None or cpu.microcode_place is None:
        return Open("cpuinfo names no microcode revision", ("proc/cpuinfo",))
    if _is_supported(cpu.microcode):
        return Pass(f"microcode 0x{cpu.microcode:x} is new enough", (cpu.microcode_place,))
    if "sme" not in cpu.flags:
        return NotApplicable("SME is not active: cpuinfo lacks `sme`")
    because = f"microcode 0x{cpu.microcode:x} makes the kernel leave the IOMMU off while `mem_encrypt=on` holds"
    remedy = upgrade("the microcode (BIOS)", "0x8001205", Needs.COLD_BOOT)
    return Fail(because, (cpu.microcode_place, option.place), remedy=remedy, value=f"0x{cpu.microcode:x}")

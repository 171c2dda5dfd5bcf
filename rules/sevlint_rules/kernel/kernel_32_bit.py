"""The host runs a 32-bit kernel, which hides the CPU's SEV flags.

Why    A 32-bit kernel clears `sme`, `sev`, `sev_es` and `sev_snp`, whatever the CPU and the BIOS: it hosts no such
       guest.
Fix    Boot a 64-bit kernel of the distribution.
Refs   linux: arch/x86/kernel/cpu/amd.c (amd-host 1.2 #3)

`uname -a` names the machine (`i686`). A CPU that shows `sev` all the same is the proof of a 64-bit kernel: the command
may have been run under `linux32`.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Needs, NotApplicable, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion

_REMEDY = Remedy("boot a 64-bit kernel", needs=Needs.REBOOT)


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.SMEE)
def judge(kernel: KernelVersion, cpu: Cpuinfo) -> Verdict:
    if not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if "sev" in cpu.flags:
        return Pass("cpuinfo shows `sev`, which a 32-bit kernel clears", (cpu.flags_place,))
    if not kernel.is_32_bit:
        return Pass(f"kernel {kernel.release}", (kernel.place,))
    because = f"kernel {kernel.release} is a 32-bit kernel, which hides the CPU's SEV flags"
    return Fail(because, (kernel.place, cpu.flags_place), remedy=_REMEDY, value=kernel.release)

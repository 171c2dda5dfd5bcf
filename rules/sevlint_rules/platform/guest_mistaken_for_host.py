"""The snapshot is of a VM: its flags tell of its own protection, not of what it could host.

Why    In a guest `sev`, `sev_es`, `sev_snp` and `tdx_guest` in /proc/cpuinfo, and the kernel's line `Memory Encryption
       Features active`, say that the VM itself is protected. So `grep -E 'sev|tdx' /proc/cpuinfo` does not tell what a
       host can do.
Fix    Collect the snapshot on the host itself; judge this one with `--as guest`.
Refs   linux: arch/x86/mm/mem_encrypt.c (amd-host 5.5 #87, 5.5 #88); linux: arch/x86/kernel/cpu/amd.c
       (amd-host 1.2 bare metal)

A line that names SME alone is a host's: SME encrypts the host's own memory.
"""

from sevlint.api import X86, Fail, NotApplicable, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.log import KernelLog

_FLAGS = ("tdx_guest", "sev_snp", "sev_es", "sev")
_GUEST_WORDS = {"SEV", "SEV-ES", "SEV-SNP", "TDX"}


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=X86)
def judge(cpu: Cpuinfo, log: KernelLog | None) -> Verdict:
    remedy = Remedy("collect the snapshot on the host itself, or judge this one with `--as guest`")
    line = log.last("memory-encryption-active", "sev-active-old") if log is not None else None
    if line is not None and (line.card == "sev-active-old" or _GUEST_WORDS & set(line.get("features").split())):
        because = "this kernel is itself a protected guest: what it shows is no host's"
        return Fail(because, (line.place,), remedy=remedy)
    if not cpu.in_vm:
        return Pass("cpuinfo shows no hypervisor", (cpu.flags_place,))
    flag = next((flag for flag in _FLAGS if flag in cpu.flags), None)
    if flag is None:
        return NotApplicable("this VM shows no flag that could be taken for a host's")
    because = f"this is a VM, and its `{flag}` flag may be its own protection: it does not say what it can host"
    return Fail(because, (cpu.flags_place,), remedy=remedy, value=flag)

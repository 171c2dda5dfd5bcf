"""The CPU cannot host this technology.

Why    No setting mends it: KVM on this CPU refuses every such guest.
Fix    Move the domains to a host whose CPU can, or protect them with a technology that this CPU has. Naples (EPYC 7001)
       has SEV only, Rome (7002) adds SEV-ES, Milan (7003) and later add SEV-SNP; Xeon Scalable of the 5th
       generation and Xeon 6 have TDX, those of the 4th in select parts only.
Refs   AMDESE/AMDSEV README; virtee/snphost src/ok.rs (amd-host 1.3 Naples, 1.3 Rome, 1.3 Milan, 1.3 Genoa, 1.3 Bergamo,
       1.3 Turin, 1.3 model ranges, 1.3 EPYC 3000, 9 #25; peer-checks 1 #1, #2, #5, 2 #1, 4 #7, 10 #6, 12 #1); linux
       arch/x86/virt/vmx/tdx (intel-tdx 1.3)

Flags in cpuinfo are no test of the model: a BIOS or an old kernel hides them (cpu-flag-cleared-by-bios).

Family, model and the name EPYC decide together: snphost's `Microcode support` takes the name alone, and sevctl
any family 25 or 26 for SEV-SNP, client Ryzen included.
"""

from sevlint.api import AMD_SEV, CONFIDENTIAL, AmdRung, Fail, Goal, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo

_HOSTS = {
    "naples": {Goal.SEV},
    "rome": {Goal.SEV, Goal.SEV_ES},
}
_FLAG = {Goal.SEV: "sev", Goal.SEV_ES: "sev_es", Goal.SEV_SNP: "sev_snp", Goal.TDX: "tdx_host_platform"}
_TDX_MODELS = {0xCF, 0xAD, 0xAE, 0xAF}
_TDX_UNSURE = {0x8F, 0xDD}
"""Sapphire Rapids has TDX in select parts only; Clearwater Forest is not verified (intel-tdx 1.3)."""


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.CPU)
def judge(cpu: Cpuinfo, goal: Goal) -> Verdict:
    name = cpu.model_name or cpu.vendor
    if goal is Goal.S390_PV:
        if cpu.is_amd or cpu.is_intel:
            return Fail(f"the CPU ({name}) cannot host s390-pv", (cpu.model_place,), value=name)
        return Open(f"{name} is a CPU that sevlint does not know")
    if cpu.in_vm and _FLAG[goal] in cpu.flags:
        return Open(f"this host is a VM itself: `{_FLAG[goal]}` may mean its own protection")
    if cpu.generation in _HOSTS and goal in AMD_SEV - _HOSTS[cpu.generation] and not cpu.in_vm:
        because = f"the CPU ({name}, {cpu.generation.capitalize()}) cannot host {goal.value}"
        return Fail(because, (cpu.model_place,), value=cpu.generation)
    if _FLAG[goal] in cpu.flags:
        return Pass(f"cpuinfo shows `{_FLAG[goal]}`", (cpu.flags_place,))
    if cpu.in_vm:
        because = f"this host is a VM itself, and its hypervisor gives it no `{_FLAG[goal]}`"
        return Fail(because, (cpu.flags_place,), value="hypervisor")
    wanted_vendor = cpu.is_intel if goal is Goal.TDX else cpu.is_amd
    if (cpu.is_amd or cpu.is_intel) and not wanted_vendor:
        return Fail(f"the CPU ({name}) cannot host {goal.value}", (cpu.model_place,), value=name)
    if not wanted_vendor:
        return Open(f"{name} is a CPU that sevlint does not know")
    if goal is Goal.TDX:
        return _tdx(cpu, name)
    if not cpu.generation:
        return Open(f"{name} is no EPYC generation that sevlint knows, and cpuinfo shows no `{_FLAG[goal]}`")
    return Pass(f"{cpu.generation.capitalize()} can host {goal.value}", (cpu.model_place,))


def _tdx(cpu: Cpuinfo, name: str) -> Verdict:
    if cpu.family == 6 and cpu.model in _TDX_MODELS:
        return Pass("this CPU model has TDX", (cpu.model_place,))
    if cpu.family == 6 and cpu.model in _TDX_UNSURE:
        return Open("it is not known whether this part of the CPU model has TDX")
    return Fail(f"the CPU ({name}) cannot host tdx", (cpu.model_place,), value=name)

"""The host's kernel is too old for this technology.

Why    KVM hosts SEV since Linux 4.16, SEV-ES since 5.11, SEV-SNP since 6.11 (on Turin since 6.14) and TDX since 6.16.
Fix    Boot a kernel of at least that version, or a distribution's kernel that has the support backported.
Refs   AMDESE/AMDSEV README (amd-host 1.4 host kernel, 1.4 backports); linux: arch/x86/kernel/cpu/amd.c (amd-host 1.2
       RMPREAD); linux: arch/x86/kvm/svm/sev.c; linux: arch/x86/virt/vmx/tdx (intel-tdx 9); AMDEPYC/sev_component_test
       (peer-checks 12 #4, #5); libvirt: NEWS.rst (libvirt-qemu 7 SEV, 7 SEV-ES, 7 SEV-SNP, 7 TDX)

Distributions backport: a module parameter that is there proves the support, whatever the version says. On Turin it does
not: there the kernel log must tell of an RMP, and one that reaches back to boot and does not proves that the kernel is
too old.

sev_component_test asks for versions of distributions too, and has no minimum for SEV-SNP: the kernel decides.
"""

from sevlint.api import X86, AmdRung, Confidence, Fail, Goal, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.amd import RmpSearch
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion, ModuleParameters
from sevlint.facts.versions import KERNEL, text

_PARAMETER = {
    Goal.SEV: ("kvm_amd", "sev"),
    Goal.SEV_ES: ("kvm_amd", "sev_es"),
    Goal.SEV_SNP: ("kvm_amd", "sev_snp"),
    Goal.TDX: ("kvm_intel", "tdx"),
}
_TURIN_SNP = (6, 14)
"""The first kernel that reads Turin's RMP (amd-host 1.2)."""


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=X86, rung=AmdRung.KERNEL_OPTIONS)
def judge(
    kernel: KernelVersion, parameters: ModuleParameters | None, cpu: Cpuinfo | None, rmp: RmpSearch | None, goal: Goal
) -> Verdict:
    needed = KERNEL[goal]
    module, name = _PARAMETER[goal]
    is_turin = goal is Goal.SEV_SNP and cpu is not None and cpu.generation == "turin" and "sev_snp" not in cpu.flags
    on_turin = is_turin and (rmp is None or not rmp.looked)
    if on_turin:
        needed = _TURIN_SNP
    found = parameters.get(module, name) if parameters is not None else None
    by_version = kernel.version >= needed
    if by_version or (found is not None and not on_turin):
        if goal is Goal.SEV_SNP and cpu is None and kernel.version < _TURIN_SNP and not (found and found.is_true):
            return Open("the CPU is not known, and Turin needs kernel 6.14", ("proc/cpuinfo",))
        if by_version or found is None:
            return Pass(f"kernel {kernel.release}", (kernel.place,))
        return Pass(f"kernel {kernel.release} has {module}'s parameter `{name}`", (found.place,))
    remedy = upgrade("the host's kernel", text(needed))
    if parameters is not None and parameters.lists(module) and not on_turin:
        because = f"kernel {kernel.release} cannot host {goal.value}: its {module} has no parameter `{name}`"
        return Fail(because, (kernel.place,), remedy=remedy, value=kernel.release)
    if kernel.vendor and on_turin and rmp is not None and cpu is not None and cpu.is_amd_host and "sev" in cpu.flags:
        because = f"kernel {kernel.release} cannot host sev-snp on Turin: it did not look for an RMP table"
        seen = (kernel.place, cpu.flags_place, rmp.place)
        return Fail(because, seen, remedy=remedy, confidence=Confidence.MEDIUM, value=kernel.release)
    if kernel.vendor:
        wanted = ("cmd/dmesg",) if on_turin else (f"sys/module/{module}/parameters/*",)
        return Open(f"kernel {kernel.release} is a distribution's, which may have it backported", wanted)
    because = f"kernel {kernel.release} cannot host {goal.value}: that needs {text(needed)}"
    return Fail(because, (kernel.place,), remedy=remedy, value=kernel.release)

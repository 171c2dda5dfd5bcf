"""What a host is asked to offer (architecture 2)."""

from __future__ import annotations

from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.goals import GoalSign, HostGoalSigns
from sevlint.facts.kernel import KernelCmdline, ModprobeConfig, Option
from sevlint.facts.log import KernelLog
from sevlint.model import Goal
from sevlint.rule import combiner

_REQUESTS = (
    ("kvm_amd", "sev", Goal.SEV),
    ("kvm_amd", "sev_es", Goal.SEV_ES),
    ("kvm_amd", "sev_snp", Goal.SEV_SNP),
    ("kvm_intel", "tdx", Goal.TDX),
)
_GENERATIONS = {
    "naples": (Goal.SEV,),
    "rome": (Goal.SEV, Goal.SEV_ES),
    "milan": (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP),
    "genoa": (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP),
    "bergamo": (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP),
    "turin": (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP),
}

_KVM_LINES = (
    (("kvm-sev-enabled", "kvm-sev-disabled", "kvm-sev-supported"), Goal.SEV),
    (("kvm-sev-es-enabled", "kvm-sev-es-disabled", "kvm-sev-es-supported"), Goal.SEV_ES),
    (
        ("kvm-sev-snp-enabled", "kvm-sev-snp-disabled", "rmp-range", "rmp-not-reserved-by-bios", "rmp-segmented"),
        Goal.SEV_SNP,
    ),
)
"""What KVM speaks of at all, the CPU can; the kernel looks for an RMP only where the CPU has SEV-SNP."""


@combiner
def host_goal_signs(
    cmdline: KernelCmdline | None, modprobe: ModprobeConfig | None, cpu: Cpuinfo | None, log: KernelLog | None
) -> HostGoalSigns:
    """Requests on the command line and in modprobe.d; an option for the other vendor's CPU is no request.

    What the CPU could host is known by EPYC's generation, or by the flags where the generation is not known.
    """
    signs: list[GoalSign] = []
    for module, name, goal in _REQUESTS:
        if cpu is not None and cpu.is_amd != (module == "kvm_amd"):
            continue
        options = (_last(cmdline, f"{module}.{name}"), modprobe.last(module, name) if modprobe else None)
        asked = (option for option in options if option is not None and option.is_true and option.value is not None)
        signs.extend(GoalSign(goal, option.place) for option in asked)
    prot_virt = _last(cmdline, "prot_virt")
    if prot_virt is not None and prot_virt.is_true:
        signs.append(GoalSign(Goal.S390_PV, prot_virt.place))
    return HostGoalSigns(tuple(signs), _capable(cpu, log))


def _last(cmdline: KernelCmdline | None, name: str) -> Option | None:
    return cmdline.last(name) if cmdline is not None else None


def _capable(cpu: Cpuinfo | None, log: KernelLog | None) -> tuple[Goal, ...]:
    if cpu is None:
        return tuple(goal for cards, goal in _KVM_LINES if log is not None and log.last(*cards) is not None)
    if cpu.in_vm:
        return ()
    if cpu.generation:
        return _GENERATIONS[cpu.generation]
    flags = (("sev", Goal.SEV), ("sev_es", Goal.SEV_ES), ("sev_snp", Goal.SEV_SNP), ("tdx_host_platform", Goal.TDX))
    return tuple(goal for flag, goal in flags if flag in cpu.flags)

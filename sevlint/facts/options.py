"""What kernel command line options do to each goal, wherever the line stands: running, or kept for the next boot."""

from __future__ import annotations

from sevlint.facts.amd import IommuOptions
from sevlint.facts.kernel import SEV_ON_BY_DEFAULT, KernelVersion, Option, Options
from sevlint.model import AMD_SEV, Goal

_SEV = ("kvm_amd.sev", "kvm_amd.npt", "kvm_amd.nrips")
_ES = ("kvm_amd.sev_es", "kvm_amd.lbrv", "kvm.mmio_caching")
_OFF = {
    Goal.SEV: _SEV,
    Goal.SEV_ES: (*_SEV, *_ES),
    Goal.SEV_SNP: (*_SEV, *_ES, "kvm_amd.sev_snp"),
    Goal.TDX: ("kvm_intel.tdx",),
}
"""Parameters that a goal does not survive when false (amd-host 3; intel-tdx 3)."""


def breaking(options: Options, goal: Goal) -> dict[str, Option]:
    """The options of this line that break a goal, by what they do."""
    found = {name: option for name in _OFF.get(goal, ()) if (option := options.last(name)) and option.is_false}
    modules = ("kvm_intel",) if goal is Goal.TDX else ("kvm_amd", "ccp") if goal in AMD_SEV else ()
    blocked = options.last("module_blacklist")
    if blocked is not None and set(modules) & set((blocked.value or "").replace("-", "_").split(",")):
        found["module_blacklist"] = blocked
    if goal in AMD_SEV:
        # nothing loads kvm_amd but the hardware's alias, which a plain blacklist stops; these add up
        for option in options.all("modprobe.blacklist"):
            if "kvm_amd" in (option.value or "").replace("-", "_").split(","):
                found["modprobe.blacklist"] = option
    if goal is Goal.SEV_SNP:
        asked = IommuOptions.of(options)
        groups = (("iommu off", asked.off), ("passthrough", asked.passthrough), ("v2 tables", asked.v2))
        found.update({what: group[-1] for what, group in groups if group})
        nosnp = options.token("sev", "nosnp")
        if nosnp is not None:
            found["nosnp"] = nosnp
    return found


def breaks(module: str, parameter: str, goal: Goal) -> bool:
    """Whether a goal does not survive a module's parameter when it is false."""
    return f"{module}.{parameter}" in _OFF.get(goal, ())


def needed(options: Options, goal: Goal, kernel: KernelVersion | None) -> Option | None:
    """An option of this line without which the goal would be lost: off by default in this kernel."""
    names: tuple[str, ...] = ()
    if goal is Goal.TDX:
        names = ("kvm_intel.tdx",)
    elif goal is Goal.S390_PV:
        names = ("prot_virt",)
    elif goal in AMD_SEV and kernel is not None and kernel.version < SEV_ON_BY_DEFAULT:
        names = ("kvm_amd.sev",) if goal is Goal.SEV else ("kvm_amd.sev", "kvm_amd.sev_es")
    asked = (options.last(name) for name in names)
    return next((option for option in asked if option is not None and option.is_true), None)

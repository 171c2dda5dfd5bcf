"""What kernel command line options do to each goal, wherever the line stands: running, or kept for the next boot."""

from __future__ import annotations

import re

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


def breaking(options: Options, goal: Goal, kernel: KernelVersion | None) -> dict[str, Option]:
    """The options of this line that break a goal, by what they do; a value that cannot be read keeps kvm_amd out."""
    found = {name: option for name in _OFF.get(goal, ()) if (option := options.last(name)) and option.is_false}
    modules = ("kvm_intel",) if goal is Goal.TDX else ("kvm_amd", "ccp") if goal in AMD_SEV else ()
    blocked = options.last("module_blacklist")
    if blocked is not None and set(modules) & set((blocked.value or "").replace("-", "_").split(",")):
        found["module_blacklist"] = blocked
    if goal in AMD_SEV:
        words = [(name, option) for name in ("sev", "sev_es") for option in options.all(f"kvm_amd.{name}")]
        found.update({f"unreadable {name}": option for name, option in words if is_unreadable(name, option, kernel)})
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


_INT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|\d+)")
_BOOL = re.compile(r"[yYtTnNfF01]|[oO][nNfF]")
_NUMBER = re.compile(r"\+?(?:0[xX][0-9a-fA-F]+|\d+)")


def is_unreadable(parameter: str, option: Option, kernel: KernelVersion | None) -> bool | None:
    """Whether kvm_amd's parameter cannot take this value; None where that depends on a kernel that is not known.

    `sev` and `sev_es` were numbers before Linux 5.13, and a distribution may have backported the words (amd-host 3).
    """
    value = option.value
    if parameter == "ciphertext_hiding_asids":
        return value is None or _NUMBER.fullmatch(value) is None
    no_number = value is None or _INT.fullmatch(value) is None
    no_word = value is not None and _BOOL.match(value) is None
    if no_number and no_word:
        return True
    if kernel is not None and kernel.version >= SEV_ON_BY_DEFAULT:
        return no_word
    if kernel is not None and not kernel.vendor:
        return no_number
    return None if no_number or no_word else False


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

"""A part of kvm_amd that SEV depends on is off.

Why    With nested paging (`npt`) or `nrips` off KVM turns SEV, SEV-ES and SEV-SNP off before it looks at anything else,
       and prints `SEV disabled (ASIDs 0 - 0)`; with `lbrv` off newer kernels turn SEV-ES and SEV-SNP off.
Fix    Remove `kvm_amd.npt=0`, `kvm_amd.nrips=0` or `kvm_amd.lbrv=0` from the kernel command line or modprobe.d; all
       three are on by default.
Refs   linux: arch/x86/kvm/svm/sev.c, arch/x86/kvm/svm/svm.c (amd-host 3 kvm_amd.npt, 3 kvm_amd.nrips, 3 kvm_amd.lbrv,
       4.1 npt, 5.1 #6)

The file in sysfs shows the outcome. Older kernels do not mind `lbrv`: there SEV-ES is on all the same.
"""

from collections.abc import Sequence

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Fail,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.boot import ModuleRequests
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import ModuleParameters

_TECHNOLOGY = {"npt": "sev", "nrips": "sev", "lbrv": "sev_es"}
_WANTED = ("sys/module/kvm_amd/parameters/*",)


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(
    requests: ModuleRequests, parameters: ModuleParameters | None, cpu: Cpuinfo | None, goal: Goal
) -> Verdict | Sequence[Fail]:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    names = ("npt", "nrips") if goal is Goal.SEV else ("npt", "nrips", "lbrv")
    found = [_one(name, requests, parameters) for name in names]
    fails = [one for one in found if isinstance(one, Fail)]
    doubt = next((one for one in found if isinstance(one, Open)), None)
    return fails or doubt or found[0]


def _one(name: str, requests: ModuleRequests, parameters: ModuleParameters | None) -> Pass | Fail | Open:
    request = requests.get("kvm_amd", name)
    asked = request.asked[-1] if request is not None and request.asked[-1].option.is_false else None
    found = parameters.get("kvm_amd", name) if parameters is not None else None
    result = parameters.get("kvm_amd", _TECHNOLOGY[name]) if parameters is not None else None
    is_off = asked is not None if found is None else found.is_false
    if result is not None and result.is_true:
        if is_off and name != "lbrv":
            return Open(f"`{name}` is off, and KVM has SEV on: two boots?", _WANTED)
        return Pass(f"KVM has `{result.name}` on", (result.place,))
    if not is_off:
        return Pass(f"`{name}` is on", (found.place,)) if found else Open(f"`{name}` was not collected", _WANTED)
    if result is None and name == "lbrv":
        return Open("`lbrv` is off, which matters to newer kernels only, and the outcome was not collected", _WANTED)
    places = tuple(one.place for one in (asked.option if asked is not None else None, found) if one is not None)
    because = f"kvm_amd's `{name}` is off, so KVM turns {'SEV' if name != 'lbrv' else 'SEV-ES'} off"
    remedy = asked.remedy if asked is not None else Remedy(f"find what asks for `{name}=0`, and reload kvm_amd")
    return Fail(because, places, remedy=remedy, value=f"{name}=0")

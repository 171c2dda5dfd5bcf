"""A module parameter that SEV needs is asked for both ways.

Why    modprobe joins what modprobe.d and the command line have for a module, and the module takes the last value: which
       one that is depends on how it is loaded, so an update of the initramfs or a reload by hand may switch SEV off.
Fix    Keep one of the settings, and remove the others.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt; kmod: modprobe.d(5) (amd-host 3 last wins, 3 modprobe.d,
       9 #24)

Where KVM has the technology off already, the rules that speak of the option say so. An option that stands twice on one
command line, or twice in modprobe.d, leaves no doubt, as its last value counts: that is a note.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import CMDLINE, ModuleRequest, ModuleRequests
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.options import breaks


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(requests: ModuleRequests, cpu: Cpuinfo | None, goal: Goal) -> Verdict | Sequence[Fail]:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    mine = [one for one in requests.items if breaks(one.module, one.parameter, goal)]
    fails = [_fail(one) for one in mine if _is_contradicted(one)]
    return fails or Pass("no parameter is asked for both ways", (requests.place,))


def _is_contradicted(request: ModuleRequest) -> bool:
    words = {one.option.is_false for one in request.asked if one.option.is_false or one.option.is_true}
    is_off = request.outcome is not None and request.outcome.is_false
    return len(words) == 2 and not is_off


def _fail(request: ModuleRequest) -> Fail:
    off = next(one for one in request.asked if one.option.is_false)
    on = next(one for one in request.asked if one.option.is_true)
    outcome = "it is on in this boot" if request.outcome is not None else "which one counted was not collected"
    says = f"`{off.option.text}` {off.where} against `{on.option.text}` {on.where}"
    because = f"{request.module}'s parameter `{request.parameter}` is asked for both ways ({says}); {outcome}"
    severity = Severity.NOTE if (off.where == CMDLINE) == (on.where == CMDLINE) else None
    places = (off.option.place, on.option.place)
    return Fail(because, places, remedy=off.remedy, severity=severity, value=f"{request.module}.{request.parameter}")

"""A cgroup allows fewer guests than the host has ASIDs for.

Why    A guest's ASID is charged to its cgroup and to all above it. At the limit of misc.max the start fails with EBUSY
       (`failed to initialize ret=-16 fw_error=0`), just as when the pool is used up, and no kernel line says which.
Fix    Write `max` to the cgroup's misc.max and remove what sets the limit. SEV-SNP guests are charged to `sev_es`:
       there is no key of their own.
Refs   linux: kernel/cgroup/misc.c, Documentation/admin-guide/cgroup-v2.rst (amd-host 4.2 files, 4.2 keys,
       4.2 cgroup v1, 4.2 limits, 6 EBUSY, 7.2 order; peer-checks 4 #4)

A limit of 0 where all VMs are is an error. A limit below the number of guests that run or start with the host, and a
counter in misc.events that shows refused launches, are warnings. A limit above the capacity is allowed and harmless.
Where QEMU met EBUSY at a domain's newest start and no limit was collected, it is open.

virt-host-validate looks at six controllers of cgroups, and not at misc, which counts ASIDs.
"""

import re

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Command,
    Confidence,
    Fail,
    Goal,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.capacity import AsidCgroups, AsidDemand, CgroupCount, with_limit

_PLAIN = re.compile(r"[\w.@/-]+")
_WANTED = ("sys/fs/cgroup/*/misc.max", "sys/fs/cgroup/*/misc.events")


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DEVICE)
def judge(cgroups: AsidCgroups, demand: AsidDemand | None, goal: Goal) -> Verdict:
    key = "sev" if goal is Goal.SEV else "sev_es"
    if cgroups.place is None:
        launch = next((one.place for one in cgroups.launches if one.key in ("", key)), None)
        if launch is not None:
            return Open(f"{launch.path} shows EBUSY, and no limit of a cgroup of VMs was collected", _WANTED)
        return NotApplicable("no cgroup of VMs has the misc controller")
    refused = [one for one in cgroups.refused if one.key == key]
    busy = demand.busy(key) if demand is not None else ()
    limits = sorted((one for one in cgroups.limits if one.key == key), key=lambda one: one.number)
    for limit in limits:
        if limit.number < (max(1, len(busy)) if limit.holds_all else 1):
            return _fail(limit, busy, refused)
    if not cgroups.whole:
        why = "limits and refusals of the topmost cgroup of VMs were not both collected"
        if refused:
            why = f"{refused[0].cgroup} refused {_launches(refused[0])}, and {why}"
        return Open(why, _WANTED)
    if refused:
        return _refused(refused, limits)
    return Pass(f"no cgroup of VMs holds {key} below what is needed", (cgroups.place,))


def _launches(refused: CgroupCount) -> str:
    return f"{refused.number} launch{'es' * (refused.number != 1)} for want of {refused.key} ASIDs"


def _refused(refused: list[CgroupCount], limits: list[CgroupCount]) -> Fail:
    """A counter since the cgroup was made: it explains no failure of today, even where the limit is known."""
    one, limit = with_limit(refused, limits)
    because, compare = f"{one.cgroup} refused {_launches(one)}", "misc.max of this cgroup"
    places: tuple[Place, ...] = (one.place,)
    if limit is not None:
        because = f"{because}; {limit.path} allows {limit.number}"
        compare = f"`{limit.key} {limit.number}` in {limit.path} with what its guests need"
        places = (one.place, limit.place)
    remedy = Remedy(f"compare {compare}, and misc.current with misc.capacity, while the guests run")
    low, value = Confidence.LOW, f"{one.key}.max={one.number}"
    return Fail(because, places, remedy, severity=Severity.WARNING, confidence=low, value=value)


def _fail(limit: CgroupCount, busy: tuple[Place, ...], refused: list[CgroupCount]) -> Fail:
    guests = "plain SEV" if limit.key == "sev" else "SEV-ES and SEV-SNP"
    need = "" if limit.number == 0 else f", and {len(busy)} run or start with the host"
    because = f"the cgroup {limit.cgroup} allows {limit.number} {guests} guests{need}"
    line = f"echo '{limit.key} max' > {limit.path}"
    is_plain = limit.path.startswith("/sys/fs/cgroup/") and _PLAIN.fullmatch(limit.path)
    command = Command((line,)) if is_plain else None
    remedy = Remedy(f"lift the limit `{limit.key} {limit.number}`, and remove what sets it", command, Needs.NONE)
    severity = Severity.ERROR if limit.number == 0 and limit.holds_all else Severity.WARNING
    seen = (limit.place, *(one.place for one in refused[:1]), *busy[:1])
    return Fail(because, seen, remedy, severity=severity, value=f"{limit.key} {limit.number}")

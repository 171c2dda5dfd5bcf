"""Who takes ASIDs, from which pool, and what cgroups allow (amd-host 4.2, 7)."""

from __future__ import annotations

from sevlint.facts.amd import AsidPools, MiscCapacity, Pool
from sevlint.facts.capacity import AsidCgroups, AsidDemand, AsidShare, AsidUse, CgroupCount, MiscFile, RefusedLaunch
from sevlint.facts.domain import AutostartedDomains, Domain
from sevlint.facts.goals import DomainGoalSigns
from sevlint.facts.log import QemuLog
from sevlint.model import Gap, GapReason, Goal
from sevlint.rule import combiner


@combiner
def asid_demand(pools: AsidPools, domains: tuple[Domain, ...], autostarted: AutostartedDomains) -> AsidDemand:
    """Each pool with the domains that take from it: those that are defined, and those of them that run or will."""
    kinds: list[tuple[Pool | None, tuple[Goal, ...], str]] = [(pools.sev, (Goal.SEV,), "plain SEV")]
    if pools.sev_snp is not None:
        kinds += [(pools.sev_es, (Goal.SEV_ES,), "SEV-ES"), (pools.sev_snp, (Goal.SEV_SNP,), "SEV-SNP")]
    else:
        kinds += [(pools.sev_es, (Goal.SEV_ES, Goal.SEV_SNP), "SEV-ES and SEV-SNP")]
    shares = []
    for pool, goals, words in kinds:
        mine = [
            (one, one.launch_security.place)
            for one in domains
            if one.launch_security is not None and one.launch_security.goal in goals
        ]
        busy = tuple(place for one, place in mine if one.running or one.name in autostarted.names)
        may_split = pools.may_split and len(goals) > 1
        shares.append(AsidShare(goals, words, pool, tuple(place for _, place in mine), busy, may_split))
    return AsidDemand(tuple(shares), pools.disagree)


_HOLDS_VMS = ("machine", "libvirt")
"""Beginnings of the names of the topmost cgroups of libvirt's VMs: machine.slice, machine, libvirt."""


_EBUSY = ("-16", "0")


@combiner
def refused_launch(log: QemuLog | None, signs: DomainGoalSigns) -> RefusedLaunch:
    """QEMU's `failed to initialize ret=-16 fw_error=0`, which names neither pool nor limit."""
    goal = next((sign.goal for sign in signs.signs if sign.goal is not None), None)
    line = log.last("qemu-sev-init-failed") if log is not None else None
    is_refused = line is not None and (line.get("ret"), line.get("fw_error")) == _EBUSY
    key = "" if goal is None else "sev" if goal is Goal.SEV else "sev_es"
    return RefusedLaunch(key, line.place if line is not None and is_refused else None)


@combiner
def asid_cgroups(
    files: tuple[MiscFile | Gap, ...], capacity: MiscCapacity | None, launches: tuple[RefusedLaunch, ...]
) -> AsidCgroups | Gap:
    """The limits and refusals below the cgroups of VMs; those of other cgroups concern no guest.

    Where misc.capacity was collected and none of theirs, the controller is not enabled for VMs: systemd's default.
    """
    unread = next((one for one in files if isinstance(one, Gap)), None)
    every = [one for one in files if isinstance(one, MiscFile) and one.cgroup.startswith(_HOLDS_VMS)]
    mine = [one for one in every if one.kind != "current"]
    if unread is not None and not every:
        return unread
    if not every and capacity is None:
        wanted = ("sys/fs/cgroup/*/misc.max", "sys/fs/cgroup/*/misc.events")
        return Gap(wanted, GapReason.ABSENT, "of a cgroup that holds VMs")
    limits, refused = [], []
    for file in mine:
        for key, value, place in file.entries:
            if file.kind == "max" and value is not None:
                limits.append(CgroupCount(file.cgroup, key, value, place))
            elif file.kind == "events" and value and key.endswith(".max"):
                refused.append(CgroupCount(file.cgroup, key.removesuffix(".max"), value, place))
    top = {file.kind for file in mine if "/" not in file.cgroup}
    current = tuple(one for one in every if one.kind == "current")
    first = next((one.place for one in (*mine, *every)), None)
    refusals = tuple(one for one in launches if one.place is not None)
    return AsidCgroups(tuple(limits), tuple(refused), current, {"max", "events"} <= top, first, refusals)


@combiner
def asid_use(files: tuple[MiscFile, ...]) -> AsidUse | Gap:
    """misc.current of the root cgroup."""
    for file in files:
        if file.kind == "current" and not file.cgroup:
            taken = tuple((key, value, place) for key, value, place in file.entries if value is not None)
            return AsidUse(taken, file.place)
    return Gap(("sys/fs/cgroup/misc.current",), GapReason.ABSENT)

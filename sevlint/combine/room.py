"""Guests against the pools that they take from, and what cgroups allow of them."""

from __future__ import annotations

from sevlint.facts.capacity import AsidCgroups, AsidDemand, AsidShare, AsidUse
from sevlint.facts.domain import Domain
from sevlint.facts.room import Allowance, GuestRoom, Room
from sevlint.rule import combiner


@combiner
def guest_room(
    demand: AsidDemand, use: AsidUse | None, cgroups: AsidCgroups | None, domains: tuple[Domain, ...]
) -> GuestRoom:
    """What runs or starts with the host, and what every VMM together has taken, whichever is more (amd-host 4.2, 7.1).

    Without misc.current the state of a domain that runs shows that it was looked what runs; else nothing tells how many
    are taken. A pool whose size two sources tell differently is not known, nor is one that may be split.
    """
    is_seen = any(domain.running for domain in domains)
    rooms = []
    for share in demand.shares:
        if share.pool is not None and share.pool.place not in demand.disagree and not share.may_split:
            used, unknown = _used(share, share.pool.size, demand, use, is_seen=is_seen)
            allowance = _allowance(share, demand, use, cgroups) if cgroups is not None else None
            # a limit may exceed the capacity (amd-host 4.2)
            binds = allowance is not None and used is not None and allowance.left < share.pool.size - used
            held = allowance if binds else None
            rooms.append(Room(share.goals, used, share.pool.size, share.pool.place, held, unknown))
    return GuestRoom(tuple(rooms))


def _used(
    share: AsidShare, size: int, demand: AsidDemand, use: AsidUse | None, *, is_seen: bool
) -> tuple[int | None, str]:
    """How many are taken; None, and why, where nothing tells."""
    busy = len(share.busy)
    taken = share.taken(use)
    if taken is not None:
        return max(taken[0], busy), ""
    if busy >= size:
        return busy, ""
    if use is None:
        return (busy, "") if is_seen else (None, "how many are taken was not collected (sys/fs/cgroup/misc.current)")
    both = sum(len(one.busy) for one in demand.shares if one.key == share.key)
    if use.get(share.key)[0] <= both:
        return busy, ""
    return None, "how many are taken is not known: sys/fs/cgroup/misc.current counts SEV-ES and SEV-SNP together"


def _allowance(share: AsidShare, demand: AsidDemand, use: AsidUse | None, cgroups: AsidCgroups) -> Allowance | None:
    """The limit of a slice of all VMs that leaves the fewest; without its misc.current, all that is taken counts."""
    busy = sum(len(one.busy) for one in demand.shares if one.key == share.key)
    everywhere = use.get(share.key)[0] if use is not None else 0
    found = []
    for limit in cgroups.limits:
        if limit.holds_all and limit.key == share.key:
            inside = cgroups.taken(limit.cgroup, limit.key)
            found.append(Allowance(limit.number, max(busy, everywhere if inside is None else inside), limit.place))
    return min(found, key=lambda one: one.left, default=None)

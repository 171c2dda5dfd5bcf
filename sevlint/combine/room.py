"""Guests against the pools that they take from, and what cgroups allow of them."""

from __future__ import annotations

from sevlint.facts.capacity import AsidCgroups, AsidDemand, AsidShare, AsidUse
from sevlint.facts.room import Allowance, GuestRoom, Room
from sevlint.rule import combiner


@combiner
def guest_room(demand: AsidDemand, use: AsidUse | None, cgroups: AsidCgroups | None) -> GuestRoom:
    """What runs or starts with the host, and what every VMM together has taken, whichever is more (amd-host 4.2, 7.1).

    A pool whose size two sources tell differently is not known, nor is one that may be split.
    """
    rooms = []
    for share in demand.shares:
        if share.pool is not None and share.pool.place not in demand.disagree and not share.may_split:
            taken, _ = share.taken(use) or (0, None)
            used = max(taken, len(share.busy))
            allowance = _allowance(share, demand, use, cgroups) if cgroups is not None else None
            # a limit may exceed the capacity (amd-host 4.2)
            binds = allowance is not None and allowance.left < share.pool.size - used
            rooms.append(Room(share.goals, used, share.pool.size, share.pool.place, allowance if binds else None))
    return GuestRoom(tuple(rooms))


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

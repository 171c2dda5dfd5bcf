"""Guests against the pools that they take from."""

from __future__ import annotations

from sevlint.facts.capacity import AsidDemand, AsidUse
from sevlint.facts.room import GuestRoom, Room
from sevlint.rule import combiner


@combiner
def guest_room(demand: AsidDemand, use: AsidUse | None) -> GuestRoom:
    """What runs or starts with the host, and what every VMM together has taken, whichever is more (amd-host 4.2, 7.1).

    A pool whose size two sources tell differently is not known, nor is one that may be split.
    """
    rooms = []
    for share in demand.shares:
        if share.pool is not None and share.pool.place not in demand.disagree and not share.may_split:
            taken, _ = share.taken(use) or (0, None)
            rooms.append(Room(share.goals, max(taken, len(share.busy)), share.pool.size, share.pool.place))
    return GuestRoom(tuple(rooms))

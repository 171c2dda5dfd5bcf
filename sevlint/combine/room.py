"""Guests against the pools that they take from."""

from __future__ import annotations

from sevlint.facts.amd import AsidPools
from sevlint.facts.capacity import AsidDemand, AsidUse
from sevlint.facts.room import GuestRoom, Room
from sevlint.model import Goal, in_order
from sevlint.rule import combiner


@combiner
def guest_room(demand: AsidDemand, pools: AsidPools, use: AsidUse | None) -> GuestRoom:
    """What runs or starts with the host, and what every VMM together has taken, whichever is more (amd-host 4.2, 7.1).

    misc.current charges SEV-SNP to sev_es: of the halves of a pool that ciphertext hiding splits it tells nothing. A
    pool whose size two sources tell differently is not known.
    """
    rooms = []
    for goals in dict.fromkeys(demand.of(goal).goals for goal in (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)):
        share = demand.of(goals[0])
        if share.pool is None or share.pool.place in pools.disagree:
            continue
        counted = use is not None and (Goal.SEV in goals or len(goals) == 2)
        taken = use.get("sev" if Goal.SEV in goals else "sev_es")[0] if use is not None and counted else 0
        rooms.append(Room(in_order(goals), max(taken, len(share.busy)), share.pool.size, share.pool.place))
    return GuestRoom(tuple(rooms))

"""How many guests a host has room for (amd-host 7)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import Goal, Level, Place


class Room(Struct, frozen=True):
    """`used` of `of` ASIDs or KeyIDs that guests of these goals share.

    Used are those that are taken, and those of domains that start with the host.
    """

    goals: tuple[Goal, ...]
    used: int
    of: int
    place: Place


class GuestRoom(Fact, frozen=True):
    """One entry for each pool whose size is known."""

    LEVEL: ClassVar[Level] = Level.HOST
    pools: tuple[Room, ...]

    def of(self, goal: Goal) -> Room | None:
        """The pool that guests of this goal take from."""
        return next((pool for pool in self.pools if goal in pool.goals), None)

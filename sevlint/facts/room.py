"""How many guests a host has room for (amd-host 7)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import Goal, Level, Place


class Allowance(Struct, frozen=True):
    """What a cgroup that holds every VM allows of a pool, and what its guests have of it."""

    number: int
    taken: int
    place: Place

    @property
    def left(self) -> int:
        """How many more it lets start."""
        return max(0, self.number - self.taken)


class Room(Struct, frozen=True):
    """`used` of `of` ASIDs or KeyIDs that guests of these goals share.

    Used are those that are taken, and those of domains that start with the host. `allowance`: the cgroup that leaves
    fewer than the pool does.
    """

    goals: tuple[Goal, ...]
    used: int | None
    """None where nothing tells how many are taken."""
    of: int
    place: Place
    allowance: Allowance | None
    unknown: str = ""
    """Why nothing tells, and what would."""

    @property
    def left(self) -> int | None:
        """How many more guests can start."""
        if self.used is None:
            return None
        return self.allowance.left if self.allowance is not None else max(0, self.of - self.used)


class GuestRoom(Fact, frozen=True):
    """One entry for each pool whose size is known."""

    LEVEL: ClassVar[Level] = Level.HOST
    pools: tuple[Room, ...]

    def of(self, goal: Goal) -> Room | None:
        """The pool that guests of this goal take from."""
        return next((pool for pool in self.pools if goal in pool.goals), None)

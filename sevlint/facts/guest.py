"""What a guest knows of itself (guest-and-swiotlb 1, 3)."""

from __future__ import annotations

from typing import ClassVar

from sevlint.facts.base import Fact
from sevlint.model import Goal, Level, Place


class GuestProtection(Fact, frozen=True):
    """The protection that the guest itself sees: the highest level proven, None for proven absence.

    A Gap where neither is proven (a wrapped log and no other sign).
    """

    LEVEL: ClassVar[Level] = Level.GUEST
    active: Goal | None
    place: Place


class Swiotlb(Fact, frozen=True):
    """The bounce buffer pool: what was asked for, what the kernel mapped; 1 slab = 2 KiB (guest-and-swiotlb 1.1)."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    option_text: str
    """`swiotlb=...` as it stands on the command line; "" if not given."""
    slabs: int | None
    """The number asked for, None if the option carries none."""
    noforce: bool
    suffix: str
    """A K, M or G behind the number, which the kernel does not understand."""
    option_place: Place | None
    mapped_mib: int | None
    mapped_place: Place | None
    place: Place

"""Lists in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 3


def few(names: Sequence[str]) -> str:
    """ "a, b, c and 4 more": a line has room for so many."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def count(number: int, noun: str) -> str:
    """ "1 disk", "3 disks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

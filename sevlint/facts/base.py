"""The two kinds of values that flow from evidence to rules.

A Reading is what a parser makes of one file; combiners may ask for it, rules never. A Fact is one truth about one
subject, made by exactly one producer: a parser, or a combiner. The type is its identity.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.model import Level


class Fact(Struct, frozen=True):
    """One truth about one subject; `LEVEL` says of what kind the subject is."""

    LEVEL: ClassVar[Level] = Level.HOST


class Reading(Fact, frozen=True):
    """What one file says; only combiners may ask for it (`tuple[R, ...]` for evidence of which there are many)."""

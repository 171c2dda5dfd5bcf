"""What became of the suppressions about a domain: known only after every other rule has spoken."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import Change, Level, Place, Suppression


class Unknown(Struct, frozen=True):
    """A name that is no rule's; `near` says which may be meant ("; did you mean ...?"), "" if none comes near."""

    name: str
    near: str


class Told(Struct, frozen=True):
    """One suppression. Of its rules, `unknown` are none, `idle` hide nothing; the others may hide something.

    `undecided` could not be decided, did not run or are hidden otherwise: nobody knows whether they are needed.
    """

    suppression: Suppression
    expired: bool = False
    unknown: tuple[Unknown, ...] = ()
    idle: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    drop: tuple[Change, ...] = ()
    """What takes the comment away; no change for an entry of a configuration, here and below."""
    drop_unknown: tuple[Change, ...] = ()
    """What takes the unknown rules away, with the comment where it names no other."""
    drop_idle: tuple[Change, ...] = ()

    @property
    def place(self) -> Place:
        """The comment, or the line of the configuration."""
        return self.suppression.place


class Suppressions(Fact, frozen=True):
    """Every suppression that is written about a domain, in the order of the file; there is at least one."""

    LEVEL: ClassVar[Level] = Level.DOMAIN

    all: tuple[Told, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """Where they are."""
        return tuple(one.place for one in self.all)

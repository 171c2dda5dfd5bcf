"""The plugin boundary: six hooks. Everything is named by dotted module and imported only when it is used.

A plugin is a module or object with `@hookimpl` functions, found through entry points of group `sevlint`. The built-in
parsers, combiners, layouts and reporters, and the shipped rule packs, come through the same door.
"""

from __future__ import annotations

import pluggy
from msgspec import Struct

from sevlint.model import Subject

hookspec = pluggy.HookspecMarker("sevlint")
hookimpl = pluggy.HookimplMarker("sevlint")

EVERY_SUBJECT = frozenset(Subject)


class Pack(Struct, frozen=True):
    """A package of rules (one module or YAML file each). It is imported only if one of its subjects is in the input.

    `cards`: the folder holds log cards (YAML) instead of rules; they are loaded only if a log is in the input.
    """

    package: str
    subjects: frozenset[Subject]
    cards: bool = False


class Component(Struct, frozen=True):
    """A module of parsers, combiners or kinds, needed only where one of its subjects can occur."""

    module: str
    subjects: frozenset[Subject] = EVERY_SUBJECT


class Reporter(Struct, frozen=True):
    """An output format: `target` is "module:function", taking a Report and returning text."""

    name: str
    target: str


@hookspec
def register_rules() -> list[Pack]:
    """The plugin's rule packs. Called once a run, before anything is imported from them."""
    return []


@hookspec
def register_parsers() -> list[Component]:
    """Modules whose `Parser` values read evidence. A fact type may have one producer in all plugins together."""
    return []


@hookspec
def register_combiners() -> list[Component]:
    """Modules whose `Combiner` values make facts of readings and facts."""
    return []


@hookspec
def register_layouts() -> list[str]:
    """Modules whose `LAYOUTS` say where a kind of collection keeps its evidence."""
    return []


@hookspec
def register_kinds() -> list[str]:
    """Modules whose `KINDS` compile YAML rules."""
    return []


@hookspec
def register_reporters() -> list[Reporter]:
    """Output formats."""
    return []

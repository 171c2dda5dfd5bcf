"""Which rules speak: --select, --ignore and the same keys of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


def check_names(names: Iterable[str], rules: Mapping[str, str], cards: Collection[str], where: str) -> None:
    """Every name must be a rule, a card or a pack. Raises UsageError with the nearest name."""
    packs = set(rules.values())
    for name in names:
        if name not in rules and name not in packs and name not in cards:
            raise UsageError(f"{where}: no rule is called {name!r}{suggestion(name, [*rules, *packs, *cards])}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """ "; did you mean ...?" or a pointer to the list."""
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else "; `sevlint rules` lists them"


def chosen(rule: str, pack: str, names: Collection[str]) -> bool:
    """Whether a rule is among names of rules and packs."""
    return rule in names or pack in names

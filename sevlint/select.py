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
    """ "; did you mean ...?" or a pointer to the list of rules."""
    return nearest(name, known) or "; `sevlint rules` lists them"


def nearest(name: str, known: Iterable[str]) -> str:
    """ "; did you mean ...?" for a name that is misspelt, in other letters, or the beginning of one; "" otherwise."""
    from difflib import get_close_matches

    lower = name.lower()
    by_lower = {one.lower(): one for one in sorted(known)}
    near = [lower] if lower in by_lower else get_close_matches(lower, sorted(by_lower), 1)
    near = near or [one for one in sorted(by_lower) if len(lower) > 2 and one.startswith(lower)][:1]
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""


def chosen(rule: str, pack: str, names: Collection[str]) -> bool:
    """Whether a rule is among names of rules and packs."""
    return rule in names or pack in names

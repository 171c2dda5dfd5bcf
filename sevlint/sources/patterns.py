"""Path patterns: `*` and `{name}` stay within one component; all else is literal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WILD = re.compile(r"\*|\{\w+\}")


class Patterns:
    """A set of path patterns, matched at once. `exact` holds those without a wildcard, `wild` the others."""

    def __init__(self, patterns: Iterable[str]) -> None:
        patterns = tuple(dict.fromkeys(patterns))
        self.exact = frozenset(pattern for pattern in patterns if not _WILD.search(pattern))
        self.wild = tuple(pattern for pattern in patterns if _WILD.search(pattern))
        self._wild = re.compile("|".join(map(expression, self.wild)) if self.wild else r"(?!)", re.DOTALL)

    def match(self, path: str) -> bool:
        """Whether a path fits any of them."""
        return path in self.exact or self._wild.fullmatch(path) is not None

    def folders(self) -> frozenset[str]:
        """The patterns of the directories that lead to these patterns."""
        found = set()
        for pattern in (*self.exact, *self.wild):
            while "/" in pattern:
                pattern = pattern.rpartition("/")[0]
                found.add(pattern)
        return frozenset(found)


def expression(pattern: str) -> str:
    """A pattern as a regular expression."""
    literals = _WILD.split(pattern)
    return "[^/]*".join(re.escape(literal) for literal in literals)

"""The exception tree.

SevlintError
├── UsageError            the command line or the configuration is wrong: exit 2
├── RuleDefinitionError   a rule, parser, combiner or card is ill-made: found at load, exit 3
├── SourceError           a named input could not be opened or read: exit 2, the other inputs are still judged
├── ParseError            one file of evidence is not what it claims to be: becomes a Gap, never ends a run
└── EditError             a change cannot be made in a file: it is left as it is, and that is said
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevlint.model import Place


class SevlintError(Exception):
    """The root: everything that sevlint raises on purpose."""


class UsageError(SevlintError):
    """The user asked for something that does not exist or cannot be."""


class RuleDefinitionError(SevlintError):
    """A rule, parser, combiner or card breaks the rules of the house."""


class SourceError(SevlintError):
    """An input could not be opened or read."""


class ParseError(SevlintError):
    """Evidence that cannot be understood; `place` says where, `why` says what was found."""

    def __init__(self, why: str, place: Place | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.place = place


class EditError(SevlintError):
    """A change of a file that is not possible, or would do harm."""

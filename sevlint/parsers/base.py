"""What a parser gets, and how it is declared.

A parser is a function of one `Text`. It returns a Fact or Reading (or a tuple of `FoundDomain` for files that hold
subjects), or raises `ParseError`, which becomes a Gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from sevlint.errors import RuleDefinitionError
from sevlint.model import Completeness, Evidence, Place
from sevlint.xmltext import MARKS, STARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

_R = TypeVar("_R")
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?)")


class Text:
    """One file of evidence: bytes, where the user has it, whether it is whole.

    `lines` are decoded leniently (never fails), without CR, NUL and terminal escapes; line numbers are those of the
    file. `kind`, `mode` and `owner` ("user:group") are of the file itself where the collection kept them.
    """

    def __init__(
        self,
        path: str,
        data: bytes,
        *,
        name: str = "",
        source: int = 0,
        complete: Completeness = Completeness.WHOLE,
        kind: str = "file",
        mode: int | None = None,
        owner: str = "",
        note: str = "",
    ) -> None:
        self.path = path
        self.data = data
        self.name = name or path
        self.source = source
        self.complete = complete
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.note = note

    @cached_property
    def lines(self) -> list[str]:
        """The lines; an empty file has none."""
        lines = decode(self.data).split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        return lines

    def numbered(self) -> Iterator[tuple[int, str]]:
        """(1-based line number, line)."""
        return enumerate(self.lines, 1)

    def place(
        self, line: int | None = None, column: int | None = None, end: int | None = None, note: str = ""
    ) -> Place:
        """A place in this file: the whole line unless columns (1-based, end exclusive) are given."""
        return Place(self.path, line, column, end, note=note, source=self.source)

    @property
    def start(self) -> Place:
        """The first line; of an empty file the file itself."""
        return self.place(1) if self.lines else self.place()

    def element(self, ordinal: int, part: str = "") -> Place:
        """A place in an XML file: the element's number in document order, and which part of it."""
        return Place(self.path, element=ordinal, part=part, source=self.source)


def decode(data: bytes) -> str:
    """Text of a file made by strangers: any encoding mark is honoured, what cannot be decoded is replaced."""
    for mark, encoding in (*MARKS, *STARTS):
        if data.startswith(mark):
            text = data.decode(encoding, "replace").removeprefix("\ufeff")
            break
    else:
        if b"\x1b" in data:
            data = _ESCAPES.sub(b"", data)
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


class Parser(Struct, frozen=True):
    """A declared parser: what it reads, what it makes (`makes` is a Fact or Reading type, or FoundDomain)."""

    reads: tuple[Evidence, ...]
    makes: type
    function: Callable[[Text], Any]
    name: str
    splits: bool = False
    """Returns a tuple of FoundDomain: each becomes a subject of its own."""


def parser(*reads: Evidence) -> Callable[[Callable[[Text], _R]], Parser]:
    """Declare a parser of these pieces of evidence (the first that exists counts, unless they are `many`).

    Its return annotation is what it makes. Raises RuleDefinitionError without one.
    """

    def declare(function: Callable[[Text], _R]) -> Parser:
        from typing import get_args, get_origin, get_type_hints

        makes = get_type_hints(function).get("return")
        where = f"{function.__module__}.{function.__name__}"
        splits = get_origin(makes) is tuple
        if splits:
            makes = get_args(makes)[0]
        if not isinstance(makes, type) or not reads:
            raise RuleDefinitionError(f"{where}: a parser needs evidence and the type it makes as return annotation")
        return Parser(reads, makes, function, where, splits)

    return declare

"""What can be worked out apart from the other inputs, so that another process may do it, and comes out the same there.

A source can be read. A domain outside any host can be judged: a verdict about it rests on its own file alone, as long
as no host, guest or log is joined to it. What comes back are values; to sort, join and report stays with one process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from sevlint.engine.snapshot import Loaded, Made, Node
from sevlint.facts.domain import DomainXml
from sevlint.model import Expectation, Fault, Gap, Goals, View
from sevlint.sources.base import File, Source

if TYPE_CHECKING:
    from sevlint.engine.collecting import Input


class Sheet(Struct, frozen=True):
    """One file of domain XML; `source` and `kind` are its input's. `expects`: what its configuration demands."""

    source: int
    kind: str
    file: File
    expects: Expectation | None

    @property
    def key(self) -> tuple[int, str]:
        return self.source, self.file.path


class Apart(Struct, frozen=True):
    """A domain as another process found it. `signs`: what it asks for, where that had to be worked out.

    `said`: for each rule that was called, the fields of its outcomes behind rule and subject; `rules` are all that
    were, also those of which the folder has a verdict already.
    """

    name: str
    uuid: str
    view: View | None
    ordinal: int
    xml: DomainXml | Gap
    goals: Goals
    signs: Made | None
    said: Mapping[str, tuple[tuple[Any, ...], ...]]
    rules: frozenset[str]

    def holds_for(self, node: Node) -> bool:
        """Whether nothing was joined to the domain that could change a verdict."""
        return node.parent is None and not node.children and not node.readings and node.goals == self.goals


class Judged(Struct, frozen=True):
    """What became of some files: the domains of each, and the faults of ours; `lost`: their process died."""

    domains: Mapping[tuple[int, str], Sequence[Apart]]
    faults: tuple[Fault, ...] = ()
    lost: str = ""


class Helpers(Protocol):
    """Other processes."""

    def load(self, inputs: Sequence[Input]) -> Mapping[int, Loaded]:
        """Read those sources that another process can read: each is then as if it had been loaded here."""

    def judge(self, sheets: Sequence[Sheet]) -> Sequence[Judged]:
        """Judge files of domain XML, in the order of the files; none where it is not worth another process."""


class SheetSource(Source):
    """Some files of an input, which are known for domain XML."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        super().__init__("", sheets[0].source)
        self.kind = sheets[0].kind
        self.files = {one.file.path: one.file for one in sheets}
        self.recognised = dict.fromkeys(self.files, "domain.xml")

    def load(self, wanted: Any) -> None:
        """The files are there."""

    def layout_hint(self) -> str:
        return "bare"

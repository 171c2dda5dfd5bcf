"""What every source offers, and what it is asked for.

The engine says once what it wants (`Wanted`, from the parsers' evidence and the layouts); the source is loaded in one
pass; wanted files are kept, logs are handed over in chunks as they pass and are not kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from sevlint.model import Completeness, Evidence

MEMBER_LIMIT = 16 * 1024 * 1024
"""Bytes kept of one file."""
TOTAL_LIMIT = 128 * 1024 * 1024
"""Bytes kept of one source."""


class Layout(Struct, frozen=True):
    """Where a kind of collection keeps each piece of evidence.

    `detect`: patterns, any of which must match a file's path below the top. `candidates` maps a canonical name to
    paths in order (first that exists wins; for `many` evidence all count); names not listed stand at their own path.
    `filtered` names evidence of which only certain lines are collected; `stripped`: comments are gone; `manifest`: the
    file in which the collector says which outputs are not whole.
    """

    name: str
    detect: tuple[str, ...]
    candidates: Mapping[str, tuple[str, ...]]
    filtered: frozenset[str] = frozenset()
    stripped: bool = False
    manifest: str = ""

    def paths(self, evidence: Evidence) -> tuple[str, ...]:
        """Path patterns of a piece of evidence below the top, best first."""
        return self.candidates.get(evidence.name, (evidence.name,))


class File(Struct, frozen=True):
    """One file of a source. `path` is below the top, as the user has it; `data` is empty for listing-only entries.

    `kind`: "file", "directory", "device", "link" (a link whose target is not there).
    """

    path: str
    data: bytes
    kind: str = "file"
    mode: int | None = None
    owner: str = ""
    complete: Completeness = Completeness.WHOLE
    why: str = ""
    """What happened where it is not whole: "Permission denied", "larger than 16 MiB", "link to a missing file"."""


class Wanted(Struct, frozen=True):
    """What the engine asks of a source; patterns are path globs below the top (`*` stays within one component).

    `keep`: files to keep whole. `logs`: files to stream to `on_log(path, chunks, complete)` as they pass.
    `list_only`: entries of which only kind, mode and owner matter.
    """

    keep: tuple[str, ...]
    logs: tuple[str, ...]
    list_only: tuple[str, ...]
    on_log: Callable[[str, Iterator[bytes], Completeness], None]


_MASKED = (".conf", ".json", ".rules", ".service")


def masks(path: str, target: str | None) -> bool:
    """Whether a link to this target hides a file of the same name elsewhere: then it is as good as an empty file."""
    return target == "dev/null" and path.endswith(_MASKED)


def unreadable_if_empty(mode: int | None) -> str:
    """Why an empty file of this mode is none: sos stores a file that nobody may read as empty (snapshots 1.2)."""
    is_shut = mode is not None and not mode & 0o444
    return f"collected empty: mode {mode:04o} lets nobody read it" if is_shut else ""


class Source(ABC):
    """One input PATH. After `load` its `files` are there, by path below the top, sorted."""

    label: str
    """The PATH as typed."""
    kind: str
    """"tree", "archive", "file", "stdin", "bundle"."""
    number: int
    location: str = ""
    """Where it is on disk, if the label does not say."""
    damage: str = ""
    """One line if the input could only be read in part."""
    remark: str = ""
    """One line on what lies in it and was not looked at, though nothing is wrong with it."""

    def __init__(self, label: str, number: int = 0) -> None:
        self.label = label
        self.number = number
        self.files: dict[str, File] = {}
        self.recognised: dict[str, str] = {}
        """Path -> canonical evidence name, for files known by their content and not by their path."""
        self.not_domains = 0
        """XML files that were seen and are no libvirt domain."""
        self.passes_over: Callable[[str], bool] = lambda path: False
        """Whether a walk leaves out a file, by its absolute path."""
        self.passed_over = 0

    @abstractmethod
    def load(self, wanted: Wanted) -> None:
        """Read once. Fills `files` (and `damage`). Raises SourceError if nothing can be read at all."""

    def layout_hint(self) -> str:
        """The name of the layout where the source itself decides it ("bundle", "bare"); "" to detect."""
        return ""


class NamedFile(Source):
    """A file that findings name and that is no input: a configuration that tells of a host."""

    kind = "file"

    def load(self, wanted: Wanted) -> None:
        """There is nothing to read."""

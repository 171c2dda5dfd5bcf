"""From a PATH as typed to a Source: its kind is told by what is there, never by its name."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from sevlint.errors import SourceError
from sevlint.sources.recognise import is_archive, read_head, recognise

if TYPE_CHECKING:
    from typing import BinaryIO

    from sevlint.sources.base import Source
    from sevlint.sources.streams import Peeked

_BUNDLE = re.compile(rb"^files:\s", re.MULTILINE)
_YAML = (".yaml", ".yml")


def open_source(path: str, number: int = 0) -> Source:
    """Open an input. Raises SourceError with one line that says what is wrong and what to do."""
    if path == "-":
        from sevlint.sources.streams import standard_input

        return _of_stream("<stdin>", number, standard_input())
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise SourceError(f"no such file or directory: {path}") from error
        raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if stat.S_ISDIR(mode):
        from sevlint.sources.tree import TreeSource

        return TreeSource(path, number)
    if stat.S_ISFIFO(mode):
        from sevlint.sources.streams import open_fifo

        return _of_stream(path, number, open_fifo(path))
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path}: neither a file nor a directory")
    return _of_file(path, number)


def _of_file(path: str, number: int) -> Source:
    """A regular file is closed again: a commit hook names more files than a process may hold open."""
    try:
        with open(path, "rb") as file:
            head = read_head(file)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if is_archive(head):
        from sevlint.sources.archived import ArchiveSource

        return ArchiveSource(path, number)
    if path.endswith(_YAML) and _BUNDLE.search(head):
        from sevlint.sources.bundle import BundleSource

        return BundleSource(path, number)
    from sevlint.sources.single import FileSource

    return FileSource(path, head, number)


def _of_stream(label: str, number: int, file: BinaryIO | Peeked) -> Source:
    """What can be read only once stays open, and goes on behind its head."""
    from sevlint.sources.streams import Peeked

    try:
        head = read_head(file)
    except OSError as error:
        raise SourceError(f"{label}: {error.strerror or error}") from error
    stream = Peeked(head, file)
    if is_archive(head):
        from sevlint.sources.archived import ArchiveSource

        return ArchiveSource(label, number, stream)
    if recognise(head) is None and _BUNDLE.search(head):
        from sevlint.sources.bundle import BundleSource

        return BundleSource(label, number, stream)
    from sevlint.sources.single import FileSource, StdinSource

    return (StdinSource if label == "<stdin>" else FileSource)(label, head, number, stream)

"""From a PATH as typed to a Source: its kind is told by what is there, never by its name."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from sevlint.errors import SourceError

if TYPE_CHECKING:
    from sevlint.sources.base import Source

_BUNDLE = re.compile(rb"^files:\s", re.MULTILINE)
_YAML = (".yaml", ".yml")


def open_source(path: str, number: int = 0) -> Source:
    """Open an input. Raises SourceError with one line that says what is wrong and what to do."""
    if path == "-":
        from sevlint.sources.single import StdinSource

        return StdinSource(number)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise SourceError(f"no such file or directory: {path}") from error
        raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if stat.S_ISDIR(mode):
        from sevlint.sources.tree import TreeSource

        return TreeSource(path, number)
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise SourceError(f"{path}: neither a file nor a directory")
    if stat.S_ISREG(mode):
        made = _by_head(path, number)
        if made is not None:
            return made
    from sevlint.sources.single import FileSource

    return FileSource(path, number)


def _by_head(path: str, number: int) -> Source | None:
    """An archive or a bundle, by its first bytes."""
    try:
        with open(path, "rb") as file:
            head = file.read(64 * 1024)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if head[:1] == b"<" or not head:  # the common case of a commit hook; no archive begins so
        return None
    from sevlint.sources.archive import looks_like_archive

    if looks_like_archive(head[:512]) is not None:
        from sevlint.sources.archived import ArchiveSource

        return ArchiveSource(path, number)
    if path.endswith(_YAML) and _BUNDLE.search(head):
        from sevlint.sources.bundle import BundleSource

        return BundleSource(path, number)
    return None

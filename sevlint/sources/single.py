"""One file that was named itself, and standard input: what it is, is told by its content (snapshots 4.5).

Nothing else is read: a named file is judged without its siblings.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from sevlint.errors import ParseError, SourceError
from sevlint.model import Completeness
from sevlint.sources.base import MEMBER_LIMIT, File, Source, Wanted
from sevlint.sources.recognise import HEAD, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 256 * 1024
_LOGS = ("cmd/dmesg", "cmd/journal-boot", "var/log/libvirt/qemu/{domain}.log")


class FileSource(Source):
    """A single file. Its path below the top is the path as typed."""

    kind = "file"

    def __init__(self, label: str, number: int = 0) -> None:
        super().__init__(label, number)
        self.path = label
        self._stream = self._open()
        try:
            self._head = self._stream.read(HEAD)
        except OSError as error:
            raise SourceError(f"{label}: {error.strerror or error}") from error
        self._recognise()

    def _open(self) -> BinaryIO:
        try:
            return open(self.label, "rb")
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror or error}") from error

    def _recognise(self) -> None:
        name = recognise(self._head)
        if name == "xml":
            self.not_domains = 1
        elif name is not None:
            self.recognised[self.path] = name

    def load(self, wanted: Wanted) -> None:
        """Stream it if it is a log, else keep it whole."""
        name = self.recognised.get(self.path)
        with self._stream:
            if name in _LOGS:
                wanted.on_log(self.path, self._chunks(), Completeness.WHOLE)
            elif name is not None:
                self._keep()

    def _keep(self) -> None:
        try:
            data = self._head + self._stream.read(MEMBER_LIMIT + 1 - len(self._head))
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror or error}") from error
        complete, why = Completeness.WHOLE, ""
        if len(data) > MEMBER_LIMIT:
            data, complete, why = data[:MEMBER_LIMIT], Completeness.DAMAGED, "larger than 16 MiB"
            self.damage = "larger than 16 MiB: only its beginning was read"
        self.files[self.path] = File(self.path, data, complete=complete, why=why)

    def _chunks(self) -> Iterator[bytes]:
        chunk = self._head
        while chunk:
            yield chunk
            try:
                chunk = self._stream.read(_CHUNK)
            except OSError as error:
                self.damage = f"reading stopped: {error.strerror or error}"
                raise ParseError(self.damage) from error

    def layout_hint(self) -> str:
        return "bare"


class StdinSource(FileSource):
    """Standard input, shown as `<stdin>`."""

    kind = "stdin"

    def __init__(self, number: int = 0) -> None:
        super().__init__("<stdin>", number)

    def _open(self) -> BinaryIO:
        if sys.stdin is None:
            raise SourceError("<stdin>: standard input is closed")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")

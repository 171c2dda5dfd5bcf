"""One file that was named itself, and standard input: what it is, is told by its content (snapshots 4.5).

Nothing else is read: a named file is judged without its siblings.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from sevlint.errors import ParseError, SourceError
from sevlint.model import Completeness
from sevlint.sources.base import MEMBER_LIMIT, File, Source, Wanted
from sevlint.sources.recognise import HEAD, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevlint.sources.recognise import Readable
    from sevlint.sources.streams import Peeked

_CHUNK = 256 * 1024
LOGS = ("cmd/dmesg", "cmd/journal-boot", "var/log/audit/audit.log", "var/log/libvirt/qemu/{domain}.log")
"""What is streamed to the scanner among what can be recognised."""


class FileSource(Source):
    """A single file, of which the head was read. Its path below the top is the path as typed."""

    kind = "file"

    def __init__(self, label: str, head: bytes, number: int = 0, stream: Peeked | None = None) -> None:
        super().__init__(label, number)
        self.path = label
        self._stream = stream
        self._head = head if len(head) < HEAD else None
        """All of it, if it is small."""
        name = recognise(head)
        if name == "xml":
            self.not_domains = 1
        elif name is not None:
            self.recognised[self.path] = name

    def load(self, wanted: Wanted) -> None:
        """Stream it if it is a log, else keep it whole."""
        name = self.recognised.get(self.path)
        with self._file() as file:
            if name in LOGS:
                wanted.on_log(self.path, self._chunks(file), Completeness.WHOLE)
            elif name is not None:
                self._keep(file)
        self._head = None

    def _file(self) -> BinaryIO | Peeked:
        if self._stream is not None:
            return self._stream
        if self._head is not None:
            return io.BytesIO(self._head)
        try:
            return open(self.label, "rb")
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror or error}") from error

    def _keep(self, file: Readable) -> None:
        try:
            data = file.read(MEMBER_LIMIT + 1)
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror or error}") from error
        complete, why = Completeness.WHOLE, ""
        if len(data) > MEMBER_LIMIT:
            data, complete, why = data[:MEMBER_LIMIT], Completeness.DAMAGED, "larger than 16 MiB"
            self.damage = "larger than 16 MiB: only its beginning was read"
        self.files[self.path] = File(self.path, data, complete=complete, why=why)

    def _chunks(self, file: Readable) -> Iterator[bytes]:
        while True:
            try:
                chunk = file.read(_CHUNK)
            except OSError as error:
                self.damage = f"reading stopped: {error.strerror or error}"
                raise ParseError(self.damage) from error
            if not chunk:
                return
            yield chunk

    def layout_hint(self) -> str:
        return "bare"


class StdinSource(FileSource):
    """Standard input, shown as `<stdin>`."""

    kind = "stdin"

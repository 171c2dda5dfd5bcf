"""What can be read only once: standard input and FIFOs (`<(...)` among them)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from sevlint.errors import SourceError

if TYPE_CHECKING:
    from types import TracebackType

WAIT = 5.0
"""Seconds that somebody may take to open the other end of a FIFO; a writer that is there may take any time."""


class Peeked:
    """A file of which the beginning was looked at and is read again."""

    def __init__(self, head: bytes, file: BinaryIO | Peeked) -> None:
        self.head = head
        self._file = file
        self._at = 0

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes, fewer only at the end."""
        if self._at >= len(self.head):
            return self._file.read(count)
        piece = self.head[self._at : self._at + count]
        self._at += len(piece)
        return piece if len(piece) == count else piece + self._file.read(count - len(piece))

    def __enter__(self) -> Peeked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def standard_input() -> BinaryIO:
    """Standard input, to be closed without closing the process's own. Raises SourceError if there is none."""
    try:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except (OSError, ValueError, AttributeError) as error:
        raise SourceError("<stdin>: standard input is closed") from error


def open_fifo(path: str) -> Peeked:
    """A FIFO, opened once. Raises SourceError instead of waiting for ever where nobody writes to it."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    file = os.fdopen(number, "rb")
    try:
        first = _first(number)
        os.set_blocking(number, True)
    except OSError as error:
        file.close()
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if first is None:
        file.close()
        raise SourceError(f"{path}: a FIFO that nobody writes to; start what writes to it first")
    return Peeked(first, file)


def _first(number: int) -> bytes | None:
    """The first byte if it is there, b"" if a writer is there or has been, None if none comes.

    Without a writer a FIFO does not look silent but empty, so only reading tells.
    """
    try:
        first = os.read(number, 1)
    except BlockingIOError:
        return b""
    if first:
        return first
    import select

    ready = select.poll()
    ready.register(number, select.POLLIN | select.POLLHUP)
    return b"" if ready.poll(WAIT * 1000) else None

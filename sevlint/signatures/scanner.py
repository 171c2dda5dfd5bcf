"""One log in one pass, in chunks, never kept (architecture 8; snapshots 5.1 to 5.3).

Literals are looked for in a block of whole lines; only lines that hold one are decoded, stripped of the prefix that
the collector put before the message, and matched. The last boot (or the newest start of a VM) counts; what came
before is history. What is found never depends on how the bytes were cut into chunks.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from sevlint.facts.log import AuditLogReading, KernelLogReading, Line, LogReading, QemuLogReading
from sevlint.model import Completeness, Place
from sevlint.signatures.prefixes import audit_message, message, qemu_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevlint.signatures.cards import Card

LINE_LIMIT = 4096
"""Characters of a line that are matched; a QEMU command line is longer."""
BYTE_LIMIT = 64 * 1024
"""Bytes of a line that are looked at."""
KEPT = 250
"""First and newest hits kept of each card: a card that repeats itself more often says nothing new."""
CLOCK_STEP = 16 * 1024
"""Bytes between two lines whose time is read, beside those that hit."""
BACK = 1.0
"""Seconds that the clock may go back within one boot: CPUs print out of order."""

_MARKS = ((b"\xef\xbb\xbf", ""), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?)")
_SEPARATORS = ("-- Reboot --", "-- Boot ")
_OPENERS = {"kernel": "linux-version", "qemu": "qemu-starting-up", "audit": "audit-boot"}
_NOT_OPENED = {
    "kernel": "does not reach back to boot",
    "qemu": "does not hold the start of this VM",
    "audit": "does not reach back to boot",
}
_MAKES: dict[str, type[LogReading]] = {
    "kernel": KernelLogReading,
    "qemu": QemuLogReading,
    "audit": AuditLogReading,
}
_MESSAGES = {"kernel": message, "qemu": qemu_message, "audit": audit_message}
_NO_CAPITALS = bytes(byte for byte in range(256) if not 65 <= byte <= 90)


class LogScan:
    """Scans one log: `feed` its bytes in any pieces, then `finish`."""

    def __init__(self, cards: Iterable[Card], kind: str, path: str, source: int, complete: Completeness) -> None:
        self._kind = kind
        self._path = path
        self._source = source
        self._complete = complete
        self._why_cut = ""
        self._head: bytes | None = b""
        """The first bytes until they show the encoding; None from then on."""
        self._decoder: Any = None
        self._tail = b""
        self._skipping = False
        """The line that has not ended is longer than what is looked at of it."""
        self._lines = 0
        self._bytes = 0
        self._due = 0
        """Where in the log the next line stands whose time is read."""
        self._clock: float | None = None
        self._hits = _Hits()
        self._earlier = _Hits()
        self._opened = False
        """A line that opens a boot (or a start) was seen."""
        self._lost = ""
        self._first = Place(path, 1, source=source)
        mine: dict[bytes, list[Card]] = {}
        for card in cards:
            if card.is_heard_in(kind):
                for literal in card.literals:
                    mine.setdefault(literal.encode(), []).append(card)
        if kind == "kernel":
            mine.update({separator.encode(): [] for separator in _SEPARATORS})
        self._searched = [(literal, _capitals(literal), known) for literal, known in mine.items()]

    def feed(self, chunk: bytes) -> None:
        """The next piece."""
        if self._head is not None:
            self._head += chunk
            if len(self._head) < 3:
                return
            chunk = self._begin()
        self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk).encode("utf-8", "replace")
        if self._skipping:
            start = chunk.find(b"\n")
            if start < 0:
                return
            chunk = chunk[start:]
        block = self._tail + chunk
        end = block.rfind(b"\n") + 1
        self._skipping = len(block) - end > BYTE_LIMIT
        self._tail = block[end : end + BYTE_LIMIT]
        if end:
            self._block(block[:end])

    def _begin(self) -> bytes:
        """What follows the encoding mark, if there is one."""
        head, self._head = self._head or b"", None
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                if encoding:
                    self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                return head[len(mark) :]
        return head

    def cut_short(self, why: str) -> None:
        """The log ended before it was over."""
        self._why_cut = why

    def finish(self) -> LogReading:
        """What was seen."""
        if self._head is not None:
            self._take(self._begin())
        if self._tail:
            self._block(self._tail)
            self._lines += 1
            self._tail = b""
        why = self._why_not_whole()
        return _MAKES[self._kind](
            path=self._path,
            hits=self._hits.lines(),
            whole=not why,
            why_not_whole=why,
            first=self._first,
            lines=self._lines,
            earlier=self._earlier.lines(),
        )

    def _why_not_whole(self) -> str:
        if self._complete is not Completeness.WHOLE:
            return f"{self._path}: {self._complete.value}"
        if self._why_cut:
            return f"{self._path}: {self._why_cut}"
        if not self._opened:
            return f"{self._path} {_NOT_OPENED[self._kind]}"
        if self._lost:
            return f"{self._path} lacks lines: {self._lost}"
        return ""

    def _block(self, block: bytes) -> None:
        """A block of whole lines (the last may lack its newline)."""
        block = _shortened(block)
        if b"\x1b" in block:
            block = _ESCAPES.sub(b"", block)
        found: dict[int, list[Card]] = {}
        capitals = _capitals(block)
        for literal, letters, known in self._searched:
            at = block.find(literal) if letters in capitals else -1
            while at >= 0:
                start = block.rfind(b"\n", 0, at) + 1
                found.setdefault(start, []).extend(known)
                end = block.find(b"\n", at)
                at = block.find(literal, end) if end >= 0 else -1
        if self._kind == "kernel":
            for start in self._clocked(block):
                found.setdefault(start, [])
        line, counted = self._lines + 1, 0
        for start in sorted(found):
            line += block.count(b"\n", counted, start)
            counted = start
            end = block.find(b"\n", start)
            self._line(block[start : end if end >= 0 else len(block)], line, found[start])
        self._lines += block.count(b"\n")
        self._bytes += len(block)

    def _clocked(self, block: bytes) -> Iterable[int]:
        """Where lines start whose time is read though they may hit nothing: a few, at the same bytes of every log."""
        while self._due < self._bytes + len(block):
            start = max(0, self._due - self._bytes)
            if start and block[start - 1] != 10:
                start = block.find(b"\n", start) + 1
                if start in (0, len(block)):
                    return
            self._due = self._bytes + start + CLOCK_STEP
            yield start

    def _line(self, raw: bytes, number: int, known: list[Card]) -> None:
        limit = LINE_LIMIT if self._kind == "kernel" else BYTE_LIMIT
        whole = raw[: limit * 4].decode("utf-8", "replace").rstrip("\r").replace("\0", "")[:limit]
        if self._kind == "kernel" and whole.startswith(_SEPARATORS):
            self._open(number, boundary=True)
            return
        text, stamp = _MESSAGES[self._kind](whole)
        if text is None:
            return
        if stamp is not None:
            if self._clock is not None and stamp < self._clock - BACK:
                self._open(number, boundary=True)
            self._clock = max(stamp, self._clock or 0.0)
        for card in {one.id: one for one in known}.values():
            match = card.search(text)
            if match is None:
                continue
            if card.id == _OPENERS[self._kind]:
                self._open(number, boundary=False)
                self._clock = stamp
            column = len(whole) - len(text) + 1
            place = Place(self._path, number, column, len(whole) + 1, text=whole, source=self._source)
            groups = tuple((name, value) for name, value in match.groupdict().items() if value is not None)
            if card.id == "printk-lost":
                self._lost = text[:120]
            self._hits.add(Line(card.id, text, groups, place, stamp, card.decoded(groups), card.mended_by))
        if "\r" in whole:
            self._lost = "some end in a carriage return alone"

    def _open(self, number: int, *, boundary: bool) -> None:
        """A boot (or a start of a VM) begins: all that came before is history."""
        self._earlier.take(self._hits)
        self._hits = _Hits()
        self._lost = ""
        self._opened = not boundary
        self._clock = None
        self._first = Place(self._path, number, source=self._source)


class _Hits:
    """The first and the newest hits of each card, so that one that repeats itself never costs another's lines."""

    def __init__(self) -> None:
        self._count = 0
        self._first: dict[str, list[tuple[int, Line]]] = {}
        self._newest: dict[str, deque[tuple[int, Line]]] = {}

    def add(self, line: Line) -> None:
        self._count += 1
        first = self._first.setdefault(line.card, [])
        if len(first) < KEPT:
            first.append((self._count, line))
        else:
            self._newest.setdefault(line.card, deque(maxlen=KEPT)).append((self._count, line))

    def take(self, other: _Hits) -> None:
        for line in other.lines():
            self.add(line)

    def lines(self) -> tuple[Line, ...]:
        """In the order of the log."""
        kept = [one for lines in (*self._first.values(), *self._newest.values()) for one in lines]
        return tuple(line for _, line in sorted(kept, key=lambda one: one[0]))


def _capitals(text: bytes) -> bytes:
    """The capitals alone: few in a log, so that one look at them rules out most literals (`SEV`, `AMD-Vi`)."""
    return text.translate(None, _NO_CAPITALS)


def _shortened(block: bytes) -> bytes:
    """The block with no line longer than what is looked at of it."""
    at = 0
    while len(block) - at > BYTE_LIMIT:
        end = block.rfind(b"\n", at, at + BYTE_LIMIT + 1)
        if end < 0:
            return b"\n".join(line[:BYTE_LIMIT] for line in block.split(b"\n"))
        at = end + 1
    return block

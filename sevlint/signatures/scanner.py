"""One log in one pass, in chunks, never kept (architecture 8; snapshots 5.1 to 5.3).

The plain first scanner: each card's literal is looked for in a block of whole lines; only lines that hold one are
decoded, stripped of the prefix that the collector put before the message, and matched. The last boot (or the newest
start of a VM) counts; what came before is history.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from sevlint.facts.log import KernelLogReading, Line, QemuLogReading
from sevlint.model import Completeness, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevlint.signatures.cards import Card

LINE_LIMIT = 4096
"""Characters of a line that are matched; a QEMU command line is longer."""
QEMU_LINE_LIMIT = 64 * 1024
TAIL_LIMIT = 64 * 1024
"""Bytes kept of a line that has not ended."""
HIT_LIMIT = 20_000
"""Hits kept of one log; a log that repeats itself more often than that says nothing new."""

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_ANSI = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]")
_LEVEL = re.compile(r"(?:[a-z]+ *:[a-z]+ *: |<\d{1,3}>|\d+,\d+,(?P<usec>\d+),[-c+][^;]{0,64};)")
_SYSLOG = re.compile(
    rf"(?:(?:{_MONTHS}) [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r" (?:(?P<host>\S+) )?(?P<ident>[\w.@/-]+)(?:\[\d+\])?: "
)
_ISO_ONLY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{6}[+-]\d\d:?\d\d ")
_STAMP = re.compile(r"\[ *(?P<sec>\d+\.\d{6})\](?:\[ *[TC]\d+\])? ?")
_WALL = re.compile(rf"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:{_MONTHS}) [ \d]\d \d\d:\d\d:\d\d \d{{4}}\] ")
_IDENT = re.compile(r"(?:\S+ )?kernel: ")
_TALKING = ("kernel", "systemd-journald")
_QEMU = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z )?"
    r"(?:(?:qemu-system-\w+|qemu-kvm|kvm): )?"
)
_SEPARATORS = (b"-- Reboot --", b"-- Boot ")


class LogScan:
    """Scans one log: `feed` its bytes in any pieces, then `finish`."""

    def __init__(self, cards: Iterable[Card], kind: str, path: str, source: int, complete: Completeness) -> None:
        self._kind = kind
        self._path = path
        self._source = source
        self._complete = complete
        self._why_cut = ""
        self._tail = b""
        self._skipping = False
        self._lines = 0
        self._decoder: Any = None
        self._started = False
        self._hits: list[Line] = []
        self._earlier: list[Line] = []
        self._opened = False
        """A line that opens a boot (or a start) was seen."""
        self._lost = ""
        self._first = Place(path, 1, source=source)
        self._by_literal: dict[bytes, list[Card]] = {}
        for card in cards:
            if card.log == kind:
                self._by_literal.setdefault(card.literal.encode(), []).append(card)

    def feed(self, chunk: bytes) -> None:
        """The next piece."""
        if not self._started:
            self._started = True
            if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
                name = "utf-16-le" if chunk.startswith(b"\xff") else "utf-16-be"
                self._decoder = codecs.getincrementaldecoder(name)("replace")
                chunk = chunk[2:]
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk).encode("utf-8", "replace")
        if self._skipping:
            start = chunk.find(b"\n")
            if start < 0:
                return
            chunk, self._skipping = chunk[start:], False
        block = self._tail + chunk
        end = block.rfind(b"\n") + 1
        self._tail = block[end:]
        if len(self._tail) > TAIL_LIMIT:
            self._block(block[:end])
            self._block(self._tail[:TAIL_LIMIT])
            self._tail, self._skipping = b"", True
        elif end:
            self._block(block[:end])

    def cut_short(self, why: str) -> None:
        """The log ended before it was over."""
        self._why_cut = why

    def finish(self) -> KernelLogReading | QemuLogReading:
        """What was seen."""
        if self._tail:
            self._block(self._tail)
            self._lines += 1
            self._tail = b""
        why = self._why_not_whole()
        make = KernelLogReading if self._kind == "kernel" else QemuLogReading
        return make(
            path=self._path,
            hits=tuple(self._hits),
            whole=not why,
            why_not_whole=why,
            first=self._first,
            lines=self._lines,
            earlier=tuple(self._earlier[-HIT_LIMIT:]),
        )

    def _why_not_whole(self) -> str:
        if self._complete is not Completeness.WHOLE:
            return f"{self._path}: {self._complete.value}"
        if self._why_cut:
            return f"{self._path}: {self._why_cut}"
        if not self._opened:
            what = "does not reach back to boot" if self._kind == "kernel" else "does not hold the start of this VM"
            return f"{self._path} {what}"
        if self._lost:
            return f"{self._path} lacks lines: {self._lost}"
        return ""

    def _block(self, block: bytes) -> None:
        """A block of whole lines (the last may lack its newline)."""
        found: dict[int, list[Card]] = {}
        for literal, cards in self._by_literal.items():
            at = block.find(literal)
            while at >= 0:
                start = block.rfind(b"\n", 0, at) + 1
                found.setdefault(start, []).extend(cards)
                end = block.find(b"\n", at)
                at = block.find(literal, end) if end >= 0 else -1
        if self._kind == "kernel":
            for separator in _SEPARATORS:
                at = block.find(b"\n" + separator)
                while at >= 0:
                    found.setdefault(at + 1, [])
                    at = block.find(b"\n" + separator, at + 1)
        line, counted = self._lines + 1, 0
        for start in sorted(found):
            line += block.count(b"\n", counted, start)
            counted = start
            end = block.find(b"\n", start)
            self._line(block[start : end if end >= 0 else len(block)], line, found[start])
        self._lines += block.count(b"\n")

    def _line(self, raw: bytes, number: int, cards: list[Card]) -> None:
        limit = LINE_LIMIT if self._kind == "kernel" else QEMU_LINE_LIMIT
        whole = raw[: limit * 4].decode("utf-8", "replace").rstrip("\r").replace("\0", "")[:limit]
        if self._kind == "kernel" and whole.startswith(("-- Reboot --", "-- Boot ")):
            self._open(number, boundary=True)
            return
        text, stamp = message(whole) if self._kind == "kernel" else qemu_message(whole)
        if text is None:
            return
        plain = _ANSI.sub("", whole) if "\x1b" in whole else whole
        for card in cards:
            match = card.search(text)
            if match is None:
                continue
            if card.id in ("linux-version", "qemu-starting-up"):
                self._open(number, boundary=False)
            column = plain.rfind(text) + 1
            place = Place(
                self._path,
                number,
                column or None,
                column + len(text) if column else None,
                text=plain,
                source=self._source,
            )
            groups = tuple((name, value) for name, value in match.groupdict().items() if value is not None)
            if card.id == "printk-lost":
                self._lost = text[:120]
            if len(self._hits) < HIT_LIMIT:
                self._hits.append(Line(card.id, text, groups, place, stamp))

    def _open(self, number: int, *, boundary: bool) -> None:
        """A boot (or a start of a VM) begins: all that came before is history."""
        self._earlier.extend(self._hits)
        self._hits = []
        self._lost = ""
        self._opened = not boundary
        self._first = Place(self._path, number, source=self._source)


def message(line: str) -> tuple[str | None, float | None]:
    """A kernel log line without what collectors put before the message, and its seconds since boot.

    None for a line of another program (snapshots 5.1: raw, -T, -x, kmsg, syslog, journal in its formats, two stamps).
    """
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    stamp: float | None = None
    level = _LEVEL.match(line)
    if level:
        line = line[level.end() :]
        if level.group("usec"):
            stamp = int(level.group("usec")) / 1e6
    syslog = _SYSLOG.match(line)
    if syslog:
        if syslog.group("ident") not in _TALKING:
            return None, None
        line = line[syslog.end() :]
    else:
        iso = _ISO_ONLY.match(line)
        line = line[iso.end() :] if iso else line
    clock = _STAMP.match(line)
    if clock:
        stamp = float(clock.group("sec"))
        line = line[clock.end() :]
        ident = _IDENT.match(line)
        if ident:
            line = line[ident.end() :]
            again = _STAMP.match(line)
            line = line[again.end() :] if again else line
    else:
        wall = _WALL.match(line)
        line = line[wall.end() :] if wall else line
    return line, stamp


def qemu_message(line: str) -> tuple[str, None]:
    """A line of a QEMU log without time and program name."""
    found = _QEMU.match(line)
    return (line[found.end() :] if found else line), None

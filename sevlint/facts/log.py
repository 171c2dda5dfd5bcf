"""Logs as rules see them: lines that a card of the catalogue recognised, and what their absence proves."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.model import Level, Place
from sevlint.numbers import number


class Code(Struct, frozen=True):
    """A decoded number. `shown` is how it is written, `name` the kernel's, `qemu` the text that QEMU prints."""

    shown: str
    name: str
    meaning: str
    action: str = ""
    """What an operator usually does; "" where the code itself asks for nothing."""
    qemu: str = ""

    @property
    def words(self) -> str:
        """`0x3: the platform configuration is invalid (SEV_RET_INVALID_CONFIG)`."""
        return f"{self.shown}: {self.meaning}" + (f" ({self.name})" if self.name else "")


class Line(Struct, frozen=True):
    """A line that a card recognised. `groups` are its captures; `stamp` is seconds since boot where known.

    `codes` are those captures that the card decodes. `mended_by` are the card's, and `mended` says that such a line
    came later: what this one says was true, and is no more.
    """

    card: str
    text: str
    groups: tuple[tuple[str, str], ...]
    place: Place
    stamp: float | None = None
    codes: tuple[tuple[str, Code], ...] = ()
    mended_by: tuple[str, ...] = ()
    mended: bool = False

    def get(self, name: str, default: str = "") -> str:
        """One capture."""
        for key, value in self.groups:
            if key == name:
                return value
        return default

    def number(self, name: str) -> int:
        """One capture as an integer; `0x` and plain decimals; 0 where it is not there or no number."""
        return number(self.get(name)) or 0

    @property
    def error(self) -> Code | None:
        """The code that says most: the first with a usual action, else the first that is an error."""
        errors = [code for _, code in self.codes if code.shown != "0x0"]
        return next((code for code in errors if code.action), errors[0] if errors else None)


class Absent(Struct, frozen=True):
    """The line is not there, and the log is whole and unfiltered back to boot: its absence proves something."""

    place: Place


class Unknown(Struct, frozen=True):
    """The line was not seen, but the log does not reach back, was filtered, or was not collected."""

    why: str


Seen = Line | Absent | Unknown


class LogReading(Reading, frozen=True):
    """One log file after the scanner: the hits of its last boot (or last VM start), oldest first.

    `whole`: reaches back to boot (a `Linux version` line opens the last boot; for a QEMU log the last
    `starting up` banner, for auditd's the record of a boot) and is neither filtered nor known to lack lines;
    `why_not_whole` says why otherwise.
    `lines` is the number of lines of the whole file.
    """

    LEVEL: ClassVar[Level] = Level.MACHINE
    path: str
    hits: tuple[Line, ...]
    whole: bool
    why_not_whole: str
    first: Place
    lines: int
    earlier: tuple[Line, ...] = ()
    """Hits of earlier boots or starts: history."""


class KernelLogReading(LogReading, frozen=True):
    """One kernel log: dmesg, a journal, kern.log, messages."""

    LEVEL: ClassVar[Level] = Level.MACHINE


class AuditLogReading(LogReading, frozen=True):
    """One log of auditd, which takes the kernel's audit messages: with it, the kernel log has none."""

    LEVEL: ClassVar[Level] = Level.MACHINE


class QemuLogReading(LogReading, frozen=True):
    """One QEMU log of libvirt."""

    LEVEL: ClassVar[Level] = Level.DOMAIN


class LogFact(Fact, frozen=True):
    """A log as rules ask it. `hits` of the newest boot or start, oldest first, from every source in union.

    A line that a later one mended stays among the hits and is not asked for by its card.
    """

    hits: tuple[Line, ...]
    whole: bool
    why_not_whole: str
    place: Place
    lines: int = 0
    earlier: tuple[Line, ...] = ()

    def seen(self, card: str) -> Seen:
        """The last line that a card recognised; else Absent or Unknown, and the caller must handle both."""
        line = self.last(card)
        if line is not None:
            return line
        return Absent(self.place) if self.whole else Unknown(self.why_not_whole)

    def all(self, card: str) -> tuple[Line, ...]:
        """Every line of a card, oldest first."""
        return tuple(line for line in self.hits if line.card == card and not line.mended)

    def last(self, *cards: str) -> Line | None:
        """The newest line of any of these cards."""
        for line in reversed(self.hits):
            if line.card in cards and not line.mended:
                return line
        return None


class KernelLog(LogFact, frozen=True):
    """The kernel log of a machine's last boot."""

    LEVEL: ClassVar[Level] = Level.MACHINE


class QemuLog(LogFact, frozen=True):
    """The newest start of a VM in its QEMU log."""

    LEVEL: ClassVar[Level] = Level.DOMAIN

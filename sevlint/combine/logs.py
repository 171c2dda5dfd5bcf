"""Several logs of one boot, or of one VM, become one (snapshots 5.2, 5.3)."""

from __future__ import annotations

from sevlint.facts.log import KernelLog, KernelLogReading, Line, LogReading, QemuLog, QemuLogReading
from sevlint.model import Gap, GapReason
from sevlint.rule import combiner

_KERNEL = ("cmd/dmesg", "cmd/journal-boot")


@combiner
def kernel_log(readings: tuple[KernelLogReading, ...]) -> KernelLog | Gap:
    """The union of what every source saw of the last boot; whole if any one of them is whole.

    Sources of another boot are left out: those whose `Linux version` line names another release than the first
    source that has one (live sources before files that may be older: cmd/dmesg, the journal, then /var/log).
    """
    if not readings:
        return Gap(_KERNEL, GapReason.ABSENT)
    ordered = sorted(readings, key=_age)
    release = next((found for one in ordered if (found := _release(one))), "")
    chosen = [one for one in ordered if _release(one) in ("", release)]
    whole = next((one for one in chosen if one.whole), None)
    first = whole or chosen[0]
    hits = _union(chosen)
    reason = "" if whole else chosen[0].why_not_whole
    return KernelLog(hits, whole is not None, reason, first.first, first.lines, tuple(_earlier(chosen)))


def _age(reading: LogReading) -> int:
    """Live logs first; a file below /var/log may be of an earlier boot."""
    return 1 if reading.path.startswith(("var/log/", "sos_strings/logs/var.log")) else 0


def _release(reading: LogReading) -> str:
    return next((line.get("release") for line in reading.hits if line.card == "linux-version"), "")


def _union(readings: list[KernelLogReading]) -> tuple[Line, ...]:
    """Each line once, in the order of the first source that has it; lines with a time keep their order in time."""
    found: dict[tuple[str, str], list[Line]] = {}
    merged: list[Line] = []
    for reading in readings:
        seen: dict[tuple[str, str], int] = {}
        for line in reading.hits:
            key = (line.card, line.text)
            count = seen[key] = seen.get(key, 0) + 1
            known = found.setdefault(key, [])
            if count > len(known):
                known.append(line)
                merged.append(line)
    if len(readings) > 1 and all(line.stamp is not None for line in merged):
        merged.sort(key=lambda line: line.stamp or 0.0)
    return tuple(merged)


def _earlier(readings: list[KernelLogReading]) -> list[Line]:
    return [line for reading in readings for line in reading.earlier]


@combiner
def qemu_log(readings: tuple[QemuLogReading, ...]) -> QemuLog | Gap:
    """The newest start of a VM; the log that is being written comes before rotated ones by name."""
    if not readings:
        return Gap(("var/log/libvirt/qemu/{domain}.log",), GapReason.ABSENT)
    newest = readings[0]
    older = tuple(line for one in readings[1:] for line in (*one.earlier, *one.hits))
    return QemuLog(
        newest.hits, newest.whole, newest.why_not_whole, newest.first, newest.lines, (*older, *newest.earlier)
    )

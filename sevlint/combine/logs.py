"""Several logs of one boot, or of one VM, become one (snapshots 5.2, 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from sevlint.facts.log import AuditLogReading, KernelLog, KernelLogReading, Line, LogReading, QemuLog, QemuLogReading
from sevlint.facts.platform import RunningKernel
from sevlint.model import Gap, GapReason
from sevlint.numbers import number
from sevlint.rule import combiner

if TYPE_CHECKING:
    from collections.abc import Sequence

_BOOT = "audit-boot"
_KERNEL = ("cmd/dmesg", "cmd/journal-boot")


@combiner
def kernel_log(
    readings: tuple[KernelLogReading, ...], running: RunningKernel | None, audits: tuple[AuditLogReading, ...]
) -> KernelLog | Gap:
    """The union of what every source saw of the running boot; whole if any one of them is whole.

    A source of another kernel, or of another boot of this one, is history (snapshots 5.2, 5.4). What auditd took from
    the kernel comes last; it holds nothing else of the kernel's, so it never makes a log whole.
    """
    denials = _denials(audits)
    if not readings and denials:
        return KernelLog(denials, False, "no kernel log was collected", denials[0].place)
    if not readings:
        return Gap(_KERNEL, GapReason.ABSENT)
    ordered = sorted(readings, key=_age)
    release = running.release if running is not None else next((name for one in ordered if (name := _release(one))), "")
    chosen: list[KernelLogReading] = []
    history: list[KernelLogReading] = []
    for one in ordered:
        (chosen if _is_this_boot(one, release, chosen) else history).append(one)
    earlier = (*(line for one in chosen for line in one.earlier), *(line for one in history for line in _all(one)))
    if not chosen:
        other = history[0]
        why = f"{other.path} is of Linux {_release(other)}, and Linux {release} runs"
        return KernelLog(denials, False, why, other.first, other.lines, earlier)
    whole = next((one for one in chosen if one.whole), None)
    first = whole or chosen[0]
    reason = "" if whole else chosen[0].why_not_whole
    return KernelLog((*_union(chosen), *denials), whole is not None, reason, first.first, first.lines, earlier)


def _denials(audits: Sequence[AuditLogReading]) -> tuple[Line, ...]:
    """What auditd's log and its rotated ones have of the running boot, oldest first."""
    found: tuple[Line, ...] = ()
    for one in sorted(audits, key=_rotation):
        found = (*(line for line in one.hits if line.card != _BOOT), *found)
        if any(line.card == _BOOT for line in one.hits):
            break
    return found


def _rotation(reading: LogReading) -> int:
    """How often a log was rotated: `audit.log.2` is older than `audit.log.1`, and both than `audit.log`."""
    return number(reading.path.rpartition(".")[2]) or 0


def _age(reading: LogReading) -> int:
    """Live logs first; a file below /var/log may be of an earlier boot."""
    return 1 if reading.path.startswith(("var/log/", "sos_strings/logs/var.log")) else 0


def _release(reading: LogReading) -> str:
    return next((line.get("release") for line in reading.hits if line.card == "linux-version"), "")


def _all(reading: LogReading) -> tuple[Line, ...]:
    return (*reading.earlier, *reading.hits)


def _is_this_boot(reading: KernelLogReading, release: str, chosen: list[KernelLogReading]) -> bool:
    """Whether a source is of the boot that runs, as far as the release and the sources before it tell.

    A file below /var/log adds nothing to a live source that is whole, and may be older. Elsewhere, one message at two
    times, and none at the same time, is of two boots.
    """
    if release and _release(reading) not in ("", release):
        return False
    if not _age(reading):
        return True
    if any(one.whole and not _age(one) for one in chosen):
        return False
    known = _stamps(chosen)
    shared = [(known[key], stamps) for key, stamps in _stamps([reading]).items() if key in known]
    return not shared or any(before & stamps for before, stamps in shared)


def _stamps(readings: list[KernelLogReading]) -> dict[tuple[str, str], set[float]]:
    found: dict[tuple[str, str], set[float]] = {}
    for line in (line for one in readings for line in one.hits):
        if line.stamp is not None:
            found.setdefault((line.card, line.text), set()).add(line.stamp)
    return found


def _union(readings: list[KernelLogReading]) -> tuple[Line, ...]:
    """Each line once, in the order of the first source that has it; lines with a time keep their order in time.

    Without times only the order within one source is known: a line is mended if each source that has it shows so.
    """
    found: dict[tuple[str, str], list[int]] = {}
    merged: list[Line] = []
    standing: set[int] = set()
    for reading in readings:
        seen: dict[tuple[str, str], int] = {}
        for line, judged in zip(reading.hits, _mended(reading.hits), strict=True):
            key = (line.card, line.text)
            count = seen[key] = seen.get(key, 0) + 1
            known = found.setdefault(key, [])
            if count > len(known):
                known.append(len(merged))
                merged.append(line)
            if not judged.mended:
                standing.add(known[count - 1])
    if len(readings) > 1 and all(line.stamp is not None for line in merged):
        merged.sort(key=lambda line: line.stamp or 0.0)
        return _mended(merged)
    return tuple(line if at in standing else structs.replace(line, mended=True) for at, line in enumerate(merged))


def _mended(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of one log in their order; those that a later line mends are marked."""
    newest = {line.card: at for at, line in enumerate(lines)}
    return tuple(
        structs.replace(line, mended=any(newest.get(card, -1) > at for card in line.mended_by))
        if line.mended_by
        else line
        for at, line in enumerate(lines)
    )


@combiner
def qemu_log(readings: tuple[QemuLogReading, ...]) -> QemuLog | Gap:
    """The newest start of a VM; the log that is being written comes before rotated ones by name."""
    if not readings:
        return Gap(("var/log/libvirt/qemu/{domain}.log",), GapReason.ABSENT)
    newest = readings[0]
    older = tuple(line for one in readings[1:] for line in (*one.earlier, *one.hits))
    hits = _mended(newest.hits)
    return QemuLog(hits, newest.whole, newest.why_not_whole, newest.first, newest.lines, (*older, *newest.earlier))

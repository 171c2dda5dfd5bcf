"""What `sevlint ready` prints: for each host a line for each goal, and below it what blocks or is missing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sevlint.model import Collect, Finding, GoalReadiness, ReadinessReport, State
from sevlint.reporters.text import position
from sevlint.words import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_HANG = " " * 11
_COLUMNS = 100
_NOT_MENDED = "cpu"
"""Where a host is blocked, nothing is to be mended: it has another CPU."""


def render(report: ReadinessReport) -> str:
    """As text; a pure function of the report."""
    lines: list[str] = []
    for host in report.hosts:
        lines += [f"{host.host} ({host.headline})" if host.headline else host.host]
        lines += [f"  note: {host.notice}"] if host.notice else []
        for goals in _alike(host.goals):
            lines += _goals(goals)
        lines += _collect(host.goals)
        lines.append("")
    lines += [f"fault of sevlint: {fault.where} on {fault.subject}: {fault.what}" for fault in report.faults]
    return "\n".join(lines).rstrip("\n") + "\n"


def _alike(goals: Iterable[GoalReadiness]) -> list[list[GoalReadiness]]:
    """Goals that are blocked by the same findings, or unknown for the same reason, are said once."""
    groups: list[list[GoalReadiness]] = []
    for one in goals:
        before = groups[-1] if groups else []
        same = bool(before) and _reason(before[0]) == _reason(one)
        if same and one.state is not State.READY:
            before.append(one)
        else:
            groups.append([one])
    return groups


def _reason(one: GoalReadiness) -> tuple[object, ...]:
    return one.state, one.rung, one.rules if one.state is State.BLOCKED else (), one.because, one.findings


def _goals(group: list[GoalReadiness]) -> Iterator[str]:
    one = group[0]
    name = f"  {_names(group):8}"
    if one.state is State.READY:
        yield from _prose(f"{name} {_room(one)}", _HANG)
    elif one.state is State.BLOCKED:
        yield from _prose(f"{name} blocked at {one.rung}: {', '.join(one.rules)}", _HANG)
        for finding in one.findings:
            yield from _finding(finding, with_fix=one.rung != _NOT_MENDED)
    else:
        rules = list(dict.fromkeys(rule for member in group for rule in member.rules))
        by = f"{few(rules)} could not decide: " if rules else ""
        yield from _prose(f"{name} unknown: {by}{one.because}", _HANG)


def _collect(goals: Sequence[GoalReadiness]) -> Iterator[str]:
    """What would tell, once for the host and in one order, with the goals that it is for where that is not all."""
    unknown = [one for one in goals if one.state is State.UNKNOWN]
    wanted: list[Collect] = []
    for one in unknown:
        at = 0
        for line in one.collect:  # each goal's lines are a part of one list, in its order
            if line not in wanted:
                wanted.insert(at, line)
            at = wanted.index(line) + 1
    if wanted:
        about = f"for {_names(unknown)} " if len(unknown) < len(goals) else ""
        yield f"  {about}collect, in this order:"
    for line in wanted:
        only = [one for one in unknown if line in one.collect]
        which = f" (for {_names(only)})" if len(only) < len(unknown) else ""
        yield f"    {line.shown}{which}"


def _names(goals: Iterable[GoalReadiness]) -> str:
    return ", ".join(one.goal.value.upper() for one in goals)


def _room(one: GoalReadiness) -> str:
    if one.limit is None:
        return "ready; for how many guests is not known"
    others = [goal.value.upper() for goal in one.shared if goal is not one.goal]
    shared = f", shared with {', '.join(others)}" if others else ""
    asids = "ASID" if one.limit == 1 else "ASIDs"
    if one.left is None:
        return f"ready; {one.limit} {asids}{shared}: {one.because}"
    state = "ready" if one.left else "ready, but full"
    room = f"{state}: {one.left} of {one.limit} {asids} left{shared}"
    held = one.cgroup
    if held is None:
        return room
    taken = f", and {held.taken} {'is' if held.taken == 1 else 'are'} taken" if held.taken else ""
    return f"{room}: {held.file} allows {held.allows}{taken}"


def _finding(finding: Finding, *, with_fix: bool) -> Iterator[str]:
    yield from _prose(f"{_HANG}{finding.message}", _HANG)
    for span in finding.spans:
        note = f" ({span.note})" if span.note else ""
        yield f"{_HANG}--> {span.path}{position(span)}{note}"
    if finding.fix is not None and with_fix:
        yield from _prose(f"{_HANG}fix: {finding.fix.text}", f"{_HANG}     ")
        for command in finding.fix.commands:
            yield f"{_HANG}       {command}"


def _prose(text: str, hang: str) -> list[str]:
    """Broken between words, whatever the terminal: the same bytes everywhere."""
    return textwrap.wrap(text, _COLUMNS, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)

"""What `sevlint ready` prints: for each host a line for each goal, and below it what blocks or is missing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sevlint.model import Finding, GoalReadiness, ReadinessReport, State
from sevlint.reporters.text import position
from sevlint.words import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    return one.state, one.rung, one.rules, one.because, one.findings, one.collect


def _goals(group: list[GoalReadiness]) -> Iterator[str]:
    one = group[0]
    name = f"  {', '.join(member.goal.value.upper() for member in group):8}"
    if one.state is State.READY:
        yield f"{name} {_room(one)}"
    elif one.state is State.BLOCKED:
        yield from _prose(f"{name} blocked at {one.rung}: {', '.join(one.rules)}", _HANG)
        for finding in one.findings:
            yield from _finding(finding, with_fix=one.rung != _NOT_MENDED)
    else:
        by = f"{few(one.rules)} could not decide: " if one.rules else ""
        yield from _prose(f"{name} unknown: {by}{one.because}", _HANG)
        for wanted in one.collect:
            yield f"{_HANG}collect {wanted.shown}"


def _room(one: GoalReadiness) -> str:
    if one.left is None or one.limit is None:
        return "ready; for how many guests is not known"
    others = [goal.value.upper() for goal in one.shared if goal is not one.goal]
    shared = f", shared with {', '.join(others)}" if others else ""
    state = "ready" if one.left else "ready, but full"
    return f"{state}: {one.left} of {one.limit} {'ASID' if one.limit == 1 else 'ASIDs'} left{shared}"


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

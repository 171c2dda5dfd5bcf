"""Text for people: one intermediate list of styled segments, printed plain in a pipe and by rich on a terminal.

Plain text depends on nothing but the report: no width, no escapes, no locale.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from sevlint.model import Finding, InputSummary, Report, Severity, Span, Subject, SubjectSummary, Undecided, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

Segment = tuple[str, str]
"""(style, text); a style is one of "", "error", "warning", "note", "bold", "dim", "good"."""
Line = list[Segment]

_STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "bold": "bold",
    "dim": "dim",
    "good": "green",
}
_SNIPPET = 96
_LIST = 3


def render(report: Report, *, show: frozenset[str] = frozenset()) -> str:
    """The report as plain text. `show` adds "notes", "open", "passed", "consequences"."""
    lines = ("".join(text for _, text in line).rstrip() for line in _lines(report, show))
    return "\n".join(lines) + "\n"


def show_on_terminal(report: Report, *, show: frozenset[str] = frozenset(), console: Console | None = None) -> None:
    """The same lines with colour; long ones wrap as the terminal wraps them."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console(highlight=False, soft_wrap=True)
    for line in _lines(report, show):
        text = Text()
        for style, part in line:
            text.append(part, _STYLES.get(style, ""))
        console.print(text)


def _lines(report: Report, show: frozenset[str]) -> Iterator[Line]:
    shown = [finding for finding in report.findings if _is_shown(finding, show)]
    by_key = {finding.key: finding for finding in report.findings}
    placed: set[str] = set()
    for subject in report.subjects:
        if report.inputs[subject.source].lent:
            continue
        mine = [finding for finding in shown if _belongs(finding, subject)]
        placed.update(finding.key for finding in mine)
        yield _header(subject, report)
        if subject.notice:
            yield [("dim", f"note: {subject.notice}")]
        yield []
        for finding in mine:
            yield from _finding(finding, by_key, report, show)
    for finding in shown:
        if finding.key not in placed:
            yield from _finding(finding, by_key, report, show)
    yield from _summary(report, show)


def _is_shown(finding: Finding, show: frozenset[str]) -> bool:
    if finding.cause and "consequences" not in show:
        return False
    return finding.severity is not Severity.NOTE or "notes" in show


def _belongs(finding: Finding, subject: SubjectSummary) -> bool:
    if finding.subject is Subject.GUEST or subject.subject is Subject.GUEST:
        return finding.subject is subject.subject and finding.guest == subject.name
    return finding.host == subject.name


def _header(subject: SubjectSummary, report: Report) -> Line:
    name = subject.name if subject.subject is Subject.HOST else f"guest {subject.name}"
    headline = f" ({subject.headline})" if subject.headline else ""
    mine = [finding for finding in report.findings if _belongs(finding, subject)]
    counts = [(severity, sum(one.severity is severity for one in mine if not one.cause)) for severity in Severity]
    found = ", ".join(_count(number, severity.value) for severity, number in counts[:2] if number)
    blocking = [one for one in mine if one.severity is Severity.ERROR and not one.cause and _blocks(one, report)]
    if blocking:
        goals = ", ".join(goal.value for goal in sorted({goal for one in blocking for goal in one.goals}))
        domains = {finding.domain for finding in mine if finding.severity is Severity.ERROR and finding.domain}
        summary = f"{goals} blocked for {_count(len(domains), 'domain')}" if domains else f"{goals} blocked"
    elif found:
        summary = found
    elif subject.goals:
        summary = f"nothing found against {', '.join(goal.value for goal in subject.goals)}"
    elif subject.notice:
        summary = "goal not known"
    else:
        summary = "no goal, nothing to say"
    return [("bold", name), ("", f"{headline}: {summary}")]


def _blocks(finding: Finding, report: Report) -> bool:
    """A broken rung of the host's ladder: no guest of these goals starts."""
    return finding.subject is Subject.HOST and any(info.rungs for info in report.rules if info.id == finding.rule)


def _finding(finding: Finding, by_key: dict[str, Finding], report: Report, show: frozenset[str]) -> Iterator[Line]:
    level = finding.severity.value
    about = _about(finding)
    yield [(level, f"{level}[{finding.rule}]"), ("bold", f": {finding.message}"), ("", about)]
    for span in finding.spans:
        yield from _span(span, report.inputs)
    if finding.why:
        yield [("dim", "  why: "), ("", finding.why)]
    for cause in finding.lent_cause:
        yield [("dim", "  because: "), ("", cause)]
    yield from _fix(finding)
    followers = [by_key[key] for key in finding.explains if key in by_key]
    if followers and "consequences" not in show:
        yield [("dim", f"  explains {len(followers)} more: "), ("", _grouped(followers))]
    if finding.cause in by_key:
        yield [("dim", "  follows from: "), ("", by_key[finding.cause].rule)]
    yield []


def _about(finding: Finding) -> str:
    words = []
    if (finding.domain and (finding.host or finding.lent_cause or not finding.outside)) or (
        finding.domain and finding.outside and not finding.outside.endswith("#1")
    ):
        words.append(f"domain {finding.domain}")
    if finding.views and finding.views != (View.AT_REST,):
        words.append(" and ".join(view.value for view in finding.views))
    if finding.confidence.rank:
        words.append(f"{finding.confidence.value} confidence")
    return f" ({', '.join(words)})" if words else ""


def _where(span: Span, inputs: tuple[InputSummary, ...]) -> str:
    given = inputs[span.source] if span.source < len(inputs) else None
    path = span.path
    if given is not None and given.kind == "xml":
        path = f"{given.path.rstrip('/')}/{span.path}"
    elif given is not None and given.lent:
        path = f"{given.path}!/{span.path}"
    position = f":{span.line}" if span.line is not None else ""
    return f"{path}{position}:{span.column}" if position and span.column is not None else f"{path}{position}"


def _span(span: Span, inputs: tuple[InputSummary, ...]) -> Iterator[Line]:
    note = f" ({span.note})" if span.note else ""
    yield [("dim", "  --> "), ("", f"{_where(span, inputs)}{note}")]
    if not span.snippet.strip():
        return
    text, start, end = _window(span)
    yield [("dim", "   |  "), ("", text)]
    if end > start:
        blank, marks = _width(text[:start]), max(1, _width(text[start:end]))
        yield [("dim", "   |  "), ("error", " " * blank + "^" * marks)]


def _window(span: Span) -> tuple[str, int, int]:
    """The part of a long snippet around its place, and where the place stands in it; no place for a whole line."""
    text = span.snippet
    lead = len(text) - len(text.lstrip())
    text, start, end = text.strip(), max(0, span.start - lead), max(0, span.end - lead)
    end = min(end, len(text))
    if start == 0 and end >= len(text):
        end = 0
    if len(text) <= _SNIPPET:
        return text, start, end
    left = max(0, min(start - _SNIPPET // 2, len(text) - _SNIPPET))
    right = min(len(text), left + _SNIPPET)
    before, after = ("... " if left else ""), (" ..." if right < len(text) else "")
    shift = len(before) - left
    return before + text[left:right] + after, start + shift, min(end, right) + shift if end else 0


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) != 0 for one in text)


def _fix(finding: Finding) -> Iterator[Line]:
    fix = finding.fix
    if fix is None:
        return
    yield [("dim", "  fix: "), ("good", fix.text)]
    for command in fix.commands:
        yield [("", f"         {command}")]
    for line in fix.fragment.split("\n") if fix.fragment else ():
        yield [("", f"         {line}")]
    if fix.risk:
        yield [("dim", "  risk: "), ("", fix.risk)]


def _grouped(findings: Iterable[Finding]) -> str:
    rules: dict[str, list[str]] = {}
    for finding in findings:
        names = rules.setdefault(finding.rule, [])
        if finding.domain or finding.guest:
            names.append(finding.domain or finding.guest)
    return "; ".join(f"{rule} ({', '.join(names)})" if names else rule for rule, names in rules.items())


def _summary(report: Report, show: frozenset[str]) -> Iterator[Line]:
    if "open" in show or "passed" in show:
        yield from _undecided(report.undecided, show)
    tops = [finding for finding in report.findings if not finding.cause]
    counts = {severity: sum(one.severity is severity for one in tops) for severity in Severity}
    parts = [_count(counts[one], one.value) for one in (Severity.ERROR, Severity.WARNING) if counts[one]]
    notes = _count(counts[Severity.NOTE], "note") if counts[Severity.NOTE] else ""
    flag = "" if "notes" in show else " (--show notes)"
    found = "; ".join(part for part in (", ".join(parts), notes + flag if notes else "") if part)
    passed = len({one.rule for one in report.undecided if one.kind == "pass"})
    without = {one.rule for one in report.undecided if one.kind == "notApplicable"}
    opens = [one for one in report.undecided if one.kind == "open"]
    without -= {one.rule for one in report.undecided if one.kind != "notApplicable"}
    without -= {finding.rule for finding in report.findings}
    if not found:
        found = "no findings" if any(one.judged for one in report.inputs) else "nothing was judged"
    judged = [f"{_count(passed, 'rule')} passed"] if passed else []
    judged += [f"{len(without)} {'does' if len(without) == 1 else 'do'} not apply"] if without else []
    yield [("bold", found), ("", f"; {', '.join(judged)}" if judged else "")]
    for why, count in report.hidden:
        yield [("dim", f"{_count(count, 'finding')} hidden: {why}")]
    yield from _open_block(opens, report)
    for fault in report.faults:
        yield [("error", "fault of sevlint"), ("", f": {fault.where} on {fault.subject}: {fault.what}")]
    if report.faults:
        yield [("", "  please report this, with `sevlint --version` and the file if you may share it")]


def _open_block(opens: list[Undecided], report: Report) -> Iterator[Line]:
    hostless = {one.rule for one in opens if one.needs_host}
    if hostless:
        yield [
            (
                "",
                f"{_count(len(hostless), 'check')} {'needs' if len(hostless) == 1 else 'need'} a host: --host SNAPSHOT",
            )
        ]
    rest = {one.rule for one in opens if not one.needs_host}
    if not rest:
        return
    could = f"{_count(len(rest), 'rule')} could not decide"
    lines = [line for line in report.collect if set(line.decides) & rest]
    if not lines:
        yield [("", f"{could} (--show open)")]
        return
    yield [("", f"{could}. Collect, in this order:")]
    width = max(len(line.shown) for line in lines)
    for line in lines:
        names = ", ".join(line.decides[:_LIST])
        more = len(line.decides) - _LIST
        yield [
            ("", f"  {line.shown:{width}}  "),
            ("dim", "decides "),
            ("", f"{names} and {more} more" if more > 0 else names),
        ]


def _undecided(undecided: Iterable[Undecided], show: frozenset[str]) -> Iterator[Line]:
    any_line = False
    for one in undecided:
        if (one.kind == "open" and "open" in show) or (one.kind == "pass" and "passed" in show):
            name = one.domain or one.guest or one.host or one.outside
            yield [("dim", f"{one.kind}[{one.rule}]"), ("", f": {one.because}{f' ({name})' if name else ''}")]
            any_line = True
    if any_line:
        yield []


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

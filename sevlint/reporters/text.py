"""Text for people: one intermediate list of styled segments, printed plain in a pipe and by rich on a terminal.

Plain text depends on nothing but the report: no width, no escapes, no locale.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from msgspec import structs

from sevlint.model import Finding, InputSummary, Report, Severity, Span, Subject, SubjectSummary, Undecided, View
from sevlint.words import few

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
_FRAME = 14
"""What stands around a quotation: its margin, and dots on both sides."""
_ALIKE = 3
"""So many findings that say the same of different subjects are shown in full; of more, the first."""
_COLUMNS = 100
_HANG = " " * 7
_WIDE = 40
"""Evidence with a longer name does not widen the column of the others."""


def render(report: Report, *, show: frozenset[str] = frozenset()) -> str:
    """The report as plain text. `show` adds "notes", "open", "passed", "consequences"."""
    lines = ("".join(text for _, text in line).rstrip() for line in _Page(report, show, _COLUMNS).lines())
    return "\n".join(lines) + "\n"


def show_on_terminal(report: Report, *, show: frozenset[str] = frozenset(), console: Console | None = None) -> None:
    """The same lines with colour, prose no wider than the terminal; quoted lines wrap as the terminal wraps them."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console(highlight=False, soft_wrap=True)
    for line in _Page(report, show, min(console.width, _COLUMNS)).lines():
        text = Text()
        for style, part in line:
            text.append(part, _STYLES.get(style, ""))
        console.print(text)


class _Page:
    """The report as lines: a block for each machine, one for each input with domains outside of any, the summary."""

    def __init__(self, report: Report, show: frozenset[str], columns: int) -> None:
        self.report = report
        self.show = show
        self.columns = columns
        self.by_key = {finding.key: finding for finding in report.findings}

    def lines(self) -> Iterator[Line]:
        report = self.report
        rest = [finding for finding in report.findings if _is_shown(finding, self.show)]
        headed = False
        for subject in report.subjects:
            if report.inputs[subject.source].lent:
                continue
            headed = True
            mine = [finding for finding in rest if _belongs(finding, subject)]
            rest = [finding for finding in rest if not _belongs(finding, subject)]
            yield _header(subject, report)
            if subject.notice:
                yield from self._prose("dim", "note: ", "dim", subject.notice, hang="      ")
            yield []
            yield from self._findings(mine)
        for number in dict.fromkeys(_source(finding) for finding in rest):
            mine = [finding for finding in rest if _source(finding) == number]
            if headed:
                yield _outside_header(report.inputs[number], mine)
                yield []
            yield from self._findings(mine)
        yield from self._summary()

    def _findings(self, findings: list[Finding]) -> Iterator[Line]:
        alike: dict[tuple[object, ...], list[Finding]] = {}
        for finding in findings:
            alike.setdefault(_sameness(finding), []).append(finding)
        for finding in findings:
            group = alike[_sameness(finding)]
            if len(group) <= _ALIKE:
                yield from self._finding([finding])
            elif finding is group[0]:
                yield from self._finding(group)

    def _finding(self, group: list[Finding]) -> Iterator[Line]:
        """The first of a group of equal findings in full, and where the others are."""
        finding, *others = group
        level = finding.severity.value
        yield [(level, f"{level}[{finding.rule}]"), ("bold", f": {finding.message}"), ("", _about(finding))]
        for span in finding.spans:
            yield from _span(span, self.report.inputs, self.columns)
        if finding.why:
            yield from self._prose("dim", "  why: ", "", finding.why)
        for cause in finding.lent_cause:
            yield from self._prose("dim", "  because: ", "", cause)
        yield from self._fix(finding)
        followers = [self.by_key[key] for one in group for key in one.explains if key in self.by_key]
        if followers and "consequences" not in self.show:
            yield from self._prose("dim", f"  explains {len(followers)} more: ", "", _grouped(followers))
        if finding.cause in self.by_key:
            yield [("dim", "  follows from: "), ("", self.by_key[finding.cause].rule)]
        if others:
            yield [("dim", f"  the same {len(others)} times more:")]
        told = {_where(span, self.report.inputs) for span in finding.spans}
        for other in others:
            places = [_where(span, self.report.inputs) for span in other.spans]
            for place in places:
                if place not in told:
                    yield [("dim", "  --> "), ("", f"{place}{_about(other)}")]
        yield []

    def _fix(self, finding: Finding) -> Iterator[Line]:
        fix = finding.fix
        if fix is None:
            return
        yield from self._prose("dim", "  fix: ", "good", fix.text)
        for line in (*fix.commands, *(fix.fragment.split("\n") if fix.fragment else ())):
            yield [("", f"         {line}")]
        if fix.risk:
            yield from self._prose("dim", "  risk: ", "", fix.risk)

    def _prose(self, style: str, label: str, text_style: str, text: str, hang: str = _HANG) -> Iterator[Line]:
        """A labelled text, broken between words and hung under its beginning."""
        first, *more = _broken(text, self.columns - len(label), self.columns - len(hang))
        yield [(style, label), (text_style, first)]
        for line in more:
            yield [("", hang), (text_style, line)]

    def _summary(self) -> Iterator[Line]:
        report, show = self.report, self.show
        if "open" in show or "passed" in show:
            yield from _undecided(report.undecided, show)
        judged = _judged(report)
        yield [("bold", _found(report, show)), ("", f"; {', '.join(judged)}" if judged else "")]
        if report.fixed:
            rules = few([rule if count == 1 else f"{rule} ({count})" for rule, count in report.fixed])
            yield [("good", f"{sum(count for _, count in report.fixed)} fixed"), ("", f": {rules}")]
        for line in report.fixable:
            yield [("dim", line)]
        for why, count in report.hidden:
            yield [("dim", f"{_count(count, 'finding')} hidden: {why}")]
        for change in report.changes:
            yield [("dim", change)]
        yield from self._open_block()
        for fault in report.faults:
            yield [("error", "fault of sevlint"), ("", f": {fault.where} on {fault.subject}: {fault.what}")]
        if report.faults:
            yield [("", "  please report this, with `sevlint --version` and the file if you may share it")]

    def _open_block(self) -> Iterator[Line]:
        report = self.report
        opens = [one for one in report.undecided if one.kind == "open"]
        hostless = len({one.rule for one in opens if one.needs_host})
        if hostless:
            yield [("", f"{_count(hostless, 'check')} {'needs' if hostless == 1 else 'need'} a host: --host SNAPSHOT")]
        rest = {one.rule for one in opens if not one.needs_host}
        if not rest:
            return
        could = f"{_count(len(rest), 'rule')} could not decide"
        rows = [(line.shown, [name for name in line.decides if name in rest]) for line in report.collect]
        rows = [row for row in rows if row[1]]
        if not rows:
            yield [("", f"{could} (--show open)")]
            return
        yield [("", f"{could}. Collect, in this order:")]
        width = max((len(shown) for shown, _ in rows if len(shown) <= _WIDE), default=0)
        for shown, names in rows:
            yield from self._row(f"  {shown:{width}}  ", names)
        left = sorted(rest - {name for _, names in rows for name in names})
        if left:
            yield [("", f"  nothing more to collect for {few(left)} (--show open)")]

    def _row(self, shown: str, names: list[str]) -> Iterator[Line]:
        """One piece of evidence; what it decides is hung beside it."""
        label = "decides "
        hang = " " * min(len(shown) + len(label), self.columns // 3 * 2)
        first, *more = _broken(few(names), self.columns - len(shown) - len(label), self.columns - len(hang))
        yield [("", shown), ("dim", label), ("", first)]
        for line in more:
            yield [("", hang + line)]


def _broken(text: str, first: int, others: int) -> list[str]:
    lines: list[str] = []
    line, room = "", first
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, others
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _is_shown(finding: Finding, show: frozenset[str]) -> bool:
    if finding.cause and "consequences" not in show:
        return False
    return finding.severity is not Severity.NOTE or "notes" in show


def _belongs(finding: Finding, subject: SubjectSummary) -> bool:
    if finding.subject is Subject.GUEST or subject.subject is Subject.GUEST:
        return finding.subject is subject.subject and finding.guest == subject.name
    return finding.host == subject.name


def _source(finding: Finding) -> int:
    """The input of a finding outside any host: its first place is in the domain's own file."""
    return finding.spans[0].source


def _sameness(finding: Finding) -> tuple[object, ...]:
    return (
        finding.rule,
        finding.severity,
        finding.confidence,
        finding.message,
        finding.views,
        structs.replace(finding.fix, replacements=()) if finding.fix else None,
        finding.cause,
        finding.lent_cause,
    )


def _header(subject: SubjectSummary, report: Report) -> Line:
    name = subject.name if subject.subject is Subject.HOST else f"guest {subject.name}"
    headline = f" ({subject.headline})" if subject.headline else ""
    mine = [finding for finding in report.findings if _belongs(finding, subject)]
    blocking = [one for one in mine if one.severity is Severity.ERROR and not one.cause and _blocks(one, report)]
    if blocking:
        goals = ", ".join(goal.value.upper() for goal in sorted({goal for one in blocking for goal in one.goals}))
        domains = {finding.domain for finding in mine if finding.severity is Severity.ERROR and finding.domain}
        summary = f"{goals} blocked for {_count(len(domains), 'domain')}" if domains else f"{goals} blocked"
    elif _tally(mine):
        summary = _tally(mine)
    elif subject.goals:
        summary = f"nothing found against {', '.join(goal.value.upper() for goal in subject.goals)}"
    elif subject.notice:
        summary = f"goal not known; {subject.outlook}" if subject.outlook else "goal not known"
    else:
        summary = "no goal, nothing to say"
    return [("bold", name), ("", f"{headline}: {summary}")]


def _outside_header(given: InputSummary, findings: list[Finding]) -> Line:
    name = given.path if given.kind in ("file", "stdin", "configuration") else f"domains in {given.path}"
    name = f"host {given.path}" if given.lent else name
    return [("bold", name), ("", f": {_tally(findings) or _count(len(findings), 'note')}")]


def _tally(findings: Iterable[Finding]) -> str:
    """ "1 error, 2 warnings" of the causes; "" where there is neither."""
    tops = [finding.severity for finding in findings if not finding.cause]
    levels = (Severity.ERROR, Severity.WARNING)
    return ", ".join(_count(tops.count(level), level.value) for level in levels if level in tops)


def _blocks(finding: Finding, report: Report) -> bool:
    """A broken rung of the host's ladder: no guest of these goals starts."""
    return finding.subject is Subject.HOST and any(info.rungs for info in report.rules if info.id == finding.rule)


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
    elif given is not None and given.lent and span.path != given.path:
        path = f"{given.path}!/{span.path}"
    return path + position(span)


def position(span: Span) -> str:
    """ ":12:3" behind a path: line and column as far as they are known."""
    line = f":{span.line}" if span.line is not None else ""
    return f"{line}:{span.column}" if line and span.column is not None else line


def _span(span: Span, inputs: tuple[InputSummary, ...], columns: int) -> Iterator[Line]:
    note = f" ({span.note})" if span.note else ""
    yield [("dim", "  --> "), ("", f"{_where(span, inputs)}{note}")]
    if not span.snippet.strip():
        return
    text, start, end = _window(span, min(_SNIPPET, columns - _FRAME) if columns < _COLUMNS else _SNIPPET)
    yield [("dim", "   |  "), ("", text)]
    if end > start:
        blank, marks = _width(text[:start]), max(1, _width(text[start:end]))
        yield [("dim", "   |  "), ("error", " " * blank + "^" * marks)]


def _window(span: Span, room: int) -> tuple[str, int, int]:
    """The part of a long snippet around its place, and where the place stands in it; no place for a whole line."""
    text = span.snippet
    lead = len(text) - len(text.lstrip())
    text, start, end = text.strip(), max(0, span.start - lead), max(0, span.end - lead)
    end = min(end, len(text))
    if start == 0 and end >= len(text):
        end = 0
    if len(text) <= room:
        return text, start, end
    left = max(0, min(start - room // 2, len(text) - room))
    right = min(len(text), left + room)
    before, after = ("... " if left else ""), (" ..." if right < len(text) else "")
    shift = len(before) - left
    return before + text[left:right] + after, start + shift, min(end, right) + shift if end else 0


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) != 0 for one in text)


def _grouped(findings: Iterable[Finding]) -> str:
    rules: dict[str, list[str]] = {}
    for finding in findings:
        names = rules.setdefault(finding.rule, [])
        if finding.domain or finding.guest:
            names.append(finding.domain or finding.guest)
    return "; ".join(f"{rule} ({few(names)})" if names else rule for rule, names in rules.items())


def _found(report: Report, show: frozenset[str]) -> str:
    notes = sum(one.severity is Severity.NOTE and not one.cause for one in report.findings)
    flag = "" if "notes" in show else " (--show notes)"
    parts = (_tally(report.findings), f"{_count(notes, 'note')}{flag}" if notes else "")
    if any(parts):
        return "; ".join(part for part in parts if part)
    return "no findings" if any(one.judged and not one.lent for one in report.inputs) else "nothing was judged"


def _judged(report: Report) -> list[str]:
    """Each rule counts once, as the worst that it said of any subject: found, open, passed, not applicable."""
    said: dict[str, set[str]] = {}
    for one in report.undecided:
        said.setdefault(one.rule, set()).add(one.kind)
    found = {finding.rule for finding in report.findings}
    kinds = [kinds for rule, kinds in said.items() if rule not in found and "open" not in kinds]
    passed = sum("pass" in one for one in kinds)
    without = len(kinds) - passed
    words = [f"{_count(passed, 'rule')} passed"] if passed else []
    return [*words, f"{without} {'does' if without == 1 else 'do'} not apply"] if without else words


def _undecided(undecided: Iterable[Undecided], show: frozenset[str]) -> Iterator[Line]:
    any_line = False
    for one in undecided:
        if (one.kind == "open" and "open" in show) or (one.kind == "pass" and "passed" in show):
            names = (one.domain or one.guest or one.host, one.outside.removesuffix("#1"))
            name = ", ".join(name for name in names if name)
            yield [("dim", f"{one.kind}[{one.rule}]"), ("", f": {one.because}{f' ({name})' if name else ''}")]
            any_line = True
    if any_line:
        yield []


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

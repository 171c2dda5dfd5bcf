"""Outcomes -> Report: raise what is wanted, fold consequences under their causes, sort, mask and word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from msgspec import structs

from sevlint import clean, remedies, spans
from sevlint.engine.collecting import glob
from sevlint.engine.snapshot import Node, Snapshot
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import BootConfig, KernelVersion
from sevlint.facts.log import KernelLog, KernelLogReading
from sevlint.facts.platform import OsRelease
from sevlint.linehash import line_hash
from sevlint.model import (
    AmdRung,
    Collect,
    Completeness,
    Confidence,
    Edit,
    Evidence,
    Fail,
    Finding,
    Fix,
    Goal,
    InputSummary,
    Open,
    Pass,
    Place,
    Replacement,
    Report,
    RuleInfo,
    Settings,
    Severity,
    Span,
    Subject,
    SubjectSummary,
    Suppressed,
    Suppression,
    Undecided,
    View,
    highest,
    in_order,
)
from sevlint.words import few

if TYPE_CHECKING:
    from sevlint.engine.judging import Outcome
    from sevlint.sources.base import Source


_NO_RUNG = 1000
_NONE: frozenset[Goal] = frozenset()


class _Raised:
    """A Fail that will be shown, on its way to a Finding."""

    def __init__(self, outcome: Outcome, info: RuleInfo, severity: Severity, confidence: Confidence) -> None:
        self.outcome = outcome
        self.info = info
        self.severity = severity
        self.confidence = confidence
        self.key = ""
        self.suppression: Suppression | None = None
        self.cause: _Raised | None = None
        self.explains: list[_Raised] = []
        self.also: list[_Raised] = []
        """Further faults of a lent host that stop the same domain."""

    @property
    def fail(self) -> Fail:
        return cast("Fail", self.outcome.verdict)

    def order(self) -> tuple[int, str]:
        """Lowest rung first; what stands on none comes last."""
        return min((rung for _, rung in self.info.rungs), default=_NO_RUNG), self.info.id

    def proves(self, other: _Raised) -> bool:
        """Of several causes on one rung the one that names the same evidence is the nearer."""
        return bool(set(self.outcome.seen) & set(other.outcome.seen))

    @property
    def is_first(self) -> bool:
        """It stands on the first rung: the CPU's."""
        return self.order()[0] == AmdRung.CPU

    @property
    def goals(self) -> frozenset[Goal]:
        """The wanted goals that it is raised for."""
        return self.outcome.goals & self.outcome.node.goals.wanted

    @property
    def stands_for(self) -> frozenset[Goal]:
        """What a cause must block wholly to explain this: a host's symptom speaks for all its goals."""
        per_subject = self.outcome.rule.per_goal or self.info.about is not Subject.HOST
        return self.goals if per_subject and self.goals else self.outcome.goals


Hidden = Callable[[RuleInfo, Node], str]
"""Why a rule's findings about a subject are not shown: "" to show them, else words for the summary."""

Edits = Callable[[str, Edit, Place], tuple[Replacement, ...]]
"""Told the key of each finding with changes, its edit and first place; gives what they replace, if that is wanted."""
Suppresses = Callable[[RuleInfo, "Outcome"], "Suppression | None"]
"""The suppression that a failure lies in, or None."""


def report(
    outcomes: Iterable[Outcome],
    snapshot: Snapshot,
    settings: Settings,
    *,
    hide: Hidden = lambda info, node: "",
    suppresses: Suppresses = lambda info, outcome: None,
    regrade: Callable[[RuleInfo, Node], Severity | None] = lambda info, node: None,
    cards: Mapping[str, RuleInfo] | None = None,
    rules: Iterable[RuleInfo] = (),
    version: str = "",
    outlook: Callable[[Node], str] = lambda node: "",
    edits: Edits = lambda key, edit, place: (),
) -> Report:
    """Raise what is wanted, drop what is hidden, fold, sort, and word."""
    raised: list[_Raised] = []
    suppressed: list[_Raised] = []
    undecided: list[Outcome] = []
    hidden: dict[str, int] = {}
    counted: set[tuple[str, type]] = set()
    outcomes = list(outcomes)
    blocked, impossible = _blocked_goals(outcomes), _impossible_goals(outcomes)
    for outcome in outcomes:
        info = outcome.rule.info
        if isinstance(outcome.verdict, Fail) and outcome.verdict.card:
            info = (cards or {}).get(outcome.verdict.card, info)
            outcome = structs.replace(outcome, goals=frozenset(info.goals))
        goals = outcome.node.goals
        relevant = outcome.goals & goals.wanted
        speaks = bool(relevant) or (info.structure and goals.unclear)
        if not speaks:
            continue
        if not isinstance(outcome.verdict, Fail):
            said = (info.id, type(outcome.verdict))
            if outcome.node.lent or (said in counted and not isinstance(outcome.verdict, Open)):
                continue
            if not _is_moot(outcome, relevant, impossible) and not hide(info, outcome.node):
                undecided.append(outcome)
                if not settings.all_passes:
                    counted.add(said)
            continue
        why_hidden = hide(info, outcome.node)
        confidence = max(info.confidence, outcome.verdict.confidence or info.confidence, key=lambda one: one.rank)
        if not why_hidden and confidence.rank > settings.min_confidence.rank:
            why_hidden = "below --min-confidence"
        if why_hidden:
            if outcome.node.lent:
                continue
            hidden[why_hidden] = hidden.get(why_hidden, 0) + 1
            continue
        severity = _severity(info, outcome, relevant, regrade(info, outcome.node))
        one = _Raised(outcome, info, severity, confidence)
        one.suppression = suppresses(info, outcome)
        (raised if one.suppression is None else suppressed).append(one)
    _fold(raised, blocked, impossible)
    every = _findings(raised, suppressed, snapshot, impossible, edits, settings)
    hidden.update(_suppressed_by(suppressed, snapshot))
    opens = [one for one in undecided if isinstance(one.verdict, Open)]
    return Report(
        format_version=1,
        inputs=tuple(_input(source, snapshot) for source in snapshot.sources),
        subjects=_subjects(snapshot, outlook),
        findings=tuple(one for one in every if one.suppressed is None),
        undecided=tuple(_undecided(one, snapshot, settings) for one in undecided),
        collect=_collect_list(opens, snapshot),
        rules=tuple(sorted(rules, key=lambda info: info.id)),
        faults=tuple(sorted(set(snapshot.faults), key=lambda fault: (fault.where, fault.subject, fault.what))),
        errors=tuple(clean.printable(error) for error in snapshot.errors),
        hidden=tuple(sorted(hidden.items())),
        suppressed=tuple(one for one in every if one.suppressed is not None),
        sevlint_version=version,
    )


_Blocked = dict[tuple[str, int], frozenset[Goal]]
"""What each failing rule blocks on each subject, whether or not all of it is wanted: (rule id, subject) -> goals."""


def _blocked_goals(outcomes: Iterable[Outcome]) -> _Blocked:
    blocked: _Blocked = {}
    for one in outcomes:
        if isinstance(one.verdict, Fail) and one.rule.info.rungs and not one.verdict.card:
            for node in one.nodes:
                key = (one.rule.info.id, id(node))
                blocked[key] = blocked.get(key, _NONE) | one.goals
    return blocked


_Impossible = dict[int, frozenset[Goal]]
"""What the CPU of each host cannot do: the first rung of every ladder."""


def _impossible_goals(outcomes: Iterable[Outcome]) -> _Impossible:
    found: _Impossible = {}
    for one in outcomes:
        if isinstance(one.verdict, Fail) and one.rule.info.about is Subject.HOST:
            goals = {goal for goal, rung in one.rule.info.rungs if rung == AmdRung.CPU and goal in one.goals}
            for node in one.nodes if goals else ():
                found[id(node)] = found.get(id(node), _NONE) | goals
    return found


def _is_moot(outcome: Outcome, relevant: frozenset[Goal], impossible: _Impossible) -> bool:
    """What a host's CPU cannot do needs no further evidence of the host."""
    is_open = isinstance(outcome.verdict, Open) and outcome.node.subject is Subject.HOST
    return is_open and bool(relevant) and relevant <= impossible.get(id(outcome.node), _NONE)


def _severity(info: RuleInfo, outcome: Outcome, relevant: frozenset[Goal], regraded: Severity | None) -> Severity:
    if regraded is not None:
        return regraded
    base = highest(dict(info.severities), relevant) if info.severities else info.severity
    lowered = cast("Fail", outcome.verdict).severity
    return max(base, lowered, key=lambda one: one.rank) if lowered is not None else base


def _fold(raised: list[_Raised], blocked: _Blocked, impossible: _Impossible) -> None:
    """Put each symptom under the first broken rung below it on its own chain.

    A cause must block everything that a host's symptom speaks for, not only share a goal with it: a host without an RMP
    table has SEV all the same, so `sev_parameter_off` is a fault of its own there. A symptom that no broken rung
    explains folds under another failure that its `because_of` names: KVM that has SEV off has SEV-ES off. What is
    explained explains through its own cause: the report has causes and consequences only.
    """
    ordered = sorted((one for one in raised if one.confidence is not Confidence.LOW), key=_Raised.order)
    followers = [one for one in raised if one.info.symptom or one.info.because_of]
    for symptom in followers:
        chain = {id(node) for node in _chain(symptom.outcome)}
        near = [one for one in ordered if one is not symptom and any(id(node) in chain for node in one.outcome.nodes)]
        causes = (one for one in near if not one.info.symptom and _explains(one, symptom, blocked))
        lowest = min(causes, key=lambda one: (one.order()[0], not one.proves(symptom)), default=None)
        shared = [one for one in near if one.goals & symptom.goals]
        by_id = {one.info.id: one for one in reversed(shared)}
        named = (by_id[name] for name in symptom.info.because_of if name in by_id)
        symptom.cause = lowest or next(named, None)
    followers += _hopeless(ordered, impossible)
    for symptom in followers:
        root = symptom.cause
        for _ in followers:
            if root is None or root.cause is None or root is symptom:
                break
            root = root.cause
        symptom.cause = root if root is not symptom else None
        if symptom.cause is not None:
            symptom.cause.explains.append(symptom)
    for cause in ordered:
        severities = (cause.severity, *(one.severity for one in cause.explains))
        cause.severity = min(severities, key=lambda one: one.rank)


def _hopeless(raised: list[_Raised], impossible: _Impossible) -> list[_Raised]:
    """What could be mended on a host, to no end: its CPU cannot do what it is wanted for."""
    firsts = [one for one in raised if one.is_first]
    folded = []
    for one in raised:
        node = one.outcome.node
        if one.cause is None and one.info.rungs and not one.is_first and one.goals <= impossible.get(id(node), _NONE):
            of_its_host = (first for first in firsts if first.outcome.node is node and first.goals & one.goals)
            one.cause = next(of_its_host, None)
            folded += [one] if one.cause is not None else []
    return folded


def _explains(cause: _Raised, symptom: _Raised, blocked: _Blocked) -> bool:
    """A lower rung, on the ladder of a wanted goal that both speak for."""
    if not symptom.info.symptom:
        return False
    ours, theirs = dict(symptom.info.rungs), dict(cause.info.rungs)
    lower = any(theirs[goal] < ours[goal] for goal in cause.goals & symptom.goals if goal in theirs and goal in ours)
    all_goals = (blocked.get((cause.info.id, id(node)), _NONE) for node in cause.outcome.nodes)
    return lower and cause.outcome.goals.union(*all_goals) >= symptom.stands_for


def _chain(outcome: Outcome) -> list[Node]:
    chain: list[Node] = []
    for one in outcome.nodes:
        node: Node | None = one
        while node is not None:
            chain.append(node)
            node = node.parent
    return chain


def _suppressed_by(suppressed: Iterable[_Raised], snapshot: Snapshot) -> list[tuple[str, int]]:
    """Where the suppressions stand, in words, and how many findings they hide."""
    in_comments: dict[str, int] = {}
    in_entries: dict[str, int] = {}
    sources = {source.number: source for source in snapshot.sources}
    for one in suppressed:
        by = cast("Suppression", one.suppression)
        source = sources.get(by.place.source)
        below = source is not None and source.kind == "xml" and not by.external
        path = f"{source.label.rstrip('/')}/{by.place.path}" if source is not None and below else by.place.path
        path = clean.printable(clean.name_of(path))
        counts = in_entries if by.external else in_comments
        counts[path] = counts.get(path, 0) + 1
    made = [(f"suppressed by {path}", count) for path, count in in_entries.items()]
    if in_comments:
        made.append((f"suppressed by comments in {few(sorted(in_comments))}", sum(in_comments.values())))
    return made


def _findings(
    raised: list[_Raised],
    suppressed: list[_Raised],
    snapshot: Snapshot,
    impossible: _Impossible,
    edits: Edits,
    settings: Settings,
) -> tuple[Finding, ...]:
    """Number, sort and word; those that are suppressed are numbered with the others.

    A lent host's own failures are shown as causes of the domains judged with it; a broken rung of a host from which
    nothing says that a domain cannot run, because too little of it was collected, is shown as itself.
    """
    shown = [one for one in raised if not one.outcome.node.lent]
    stopped = [one for one in shown if one.cause is not None and one.cause.outcome.node.lent]
    for lent in raised:
        explains_a_domain = any(not other.outcome.node.lent for other in lent.explains)
        if explains_a_domain or lent.cause is not None or not _blocks_a_domain(lent, snapshot, impossible):
            continue
        by_it = [
            one for one in stopped if one.outcome.node.host is lent.outcome.node and one.goals & lent.outcome.goals
        ]
        for one in by_it:
            one.also.append(lent)
        shown += [] if by_it else [lent]
    shown += suppressed
    causes = {id(one) for one in shown}

    def order(one: _Raised) -> tuple[Any, ...]:
        place = one.outcome.seen[0]
        consequence = one.cause is not None and id(one.cause) in causes
        names = tuple(one.outcome.node.names().values())
        position = (place.source, place.path, place.line or 0, place.element or 0, place.column or 0)
        file = (place.source, one.outcome.node.outside.rpartition("#")[0]) if one.outcome.node.outside else (-1, "")
        rung, _ = one.order()
        return (file, one.severity.rank, consequence, rung, names, one.info.id, position, one.fail.because)

    shown.sort(key=order)
    taken: dict[str, int] = {}
    for one in shown:
        names = (clean.printable(name) for name in one.outcome.node.names().values() if name)
        base = "/".join((one.info.id, *names))
        taken[base] = taken.get(base, 0) + 1
        one.key = base if taken[base] == 1 else f"{base}~{taken[base]}"
    return tuple(_finding(one, snapshot, edits, settings) for one in shown)


def _blocks_a_domain(one: _Raised, snapshot: Snapshot, impossible: _Impossible) -> bool:
    """A lent host's broken rung that stops a domain judged with it, and that could be mended to some end."""
    node = one.outcome.node
    if not node.lent or one.info.symptom or not one.info.rungs or one.severity is not Severity.ERROR:
        return False
    judged = (domain for domain in snapshot.domains if domain.host is node and not domain.lent)
    goals = one.outcome.goals if one.is_first else one.outcome.goals - impossible.get(id(node), _NONE)
    return any(goals & domain.goals.wanted for domain in judged)


def _finding(one: _Raised, snapshot: Snapshot, edits: Edits, settings: Settings) -> Finding:
    node = one.outcome.node
    fail = one.fail
    host = node.host
    machine = node if node.subject is Subject.GUEST else host
    fix = _fix(one, machine, snapshot)
    is_seen = settings.places_of_notes or one.severity is not Severity.NOTE
    lent: tuple[str, ...] = ()
    if one.cause is not None and one.cause.outcome.node.lent:
        causes = sorted((one.cause, *one.also), key=_Raised.order)
        fix = _lent_fix(causes, snapshot)
        lent = tuple(_lent_words(cause) for cause in causes)
    elif fail.remedy is not None and isinstance(fail.remedy.action, Edit) and fail.remedy.action.changes:
        fix = structs.replace(fix, replacements=edits(one.key, fail.remedy.action, one.outcome.seen[0]))
    return Finding(
        key=one.key,
        rule=one.info.id,
        severity=one.severity,
        confidence=one.confidence,
        message=clean.printable(clean.mask(fail.because)),
        spans=spans_of(one.outcome.seen, snapshot, line_hashes=settings.line_hashes) if is_seen else (),
        subject=node.subject,
        views=_views(one.outcome),
        goals=in_order(one.goals),
        why=one.info.why,
        fix=fix,
        figures=fail.figures,
        value=clean.printable(clean.mask(fail.value)),
        cause=one.cause.key if one.cause is not None else "",
        explains=tuple(sorted(other.key for other in one.explains if other.key)),
        lent_cause=lent,
        suppressed=_how_suppressed(one.suppression, snapshot) if one.suppression is not None else None,
        **{key: clean.printable(name) for key, name in node.names().items()},
    )


def _how_suppressed(by: Suppression, snapshot: Snapshot) -> Suppressed:
    """A configuration is no input, so its entry has no place here; a comment's text is its justification already."""
    justification = clean.printable(clean.mask(by.reason))
    if by.external:
        return Suppressed("external", justification, by.until)
    (span,) = spans_of((by.place,), snapshot)
    return Suppressed("inSource", justification, by.until, structs.replace(span, snippet="", text="", start=0, end=0))


def _fix(one: _Raised, machine: Node | None, snapshot: Snapshot) -> Fix:
    """The remedy worded for the machine's distribution, else what the page says."""
    if one.fail.remedy is None:
        return Fix(_page_fix(one))
    os = snapshot.get(machine, OsRelease) if machine else None
    boot = snapshot.get(machine, BootConfig) if machine else None
    return _clean_fix(remedies.word(one.fail.remedy, os, boot))


def _lent_words(cause: _Raised) -> str:
    place = cause.outcome.seen[0]
    where = f"{place.path}:{place.line}" if place.line else place.path
    return clean.printable(clean.mask(f"{cause.info.id}: {cause.fail.because} ({where})"))


def _lent_fix(causes: Iterable[_Raised], snapshot: Snapshot) -> Fix:
    """How the lent host is to be mended: its faults are shown nowhere else."""
    fixes = [_fix(cause, cause.outcome.node.host, snapshot) for cause in causes]
    texts = (f"{fix.text[:1].lower()}{fix.text[1:]}" for fix in fixes)
    commands = dict.fromkeys(line for fix in fixes for line in fix.commands)
    return structs.replace(fixes[0], text=f"on the host: {'; '.join(texts)}", commands=tuple(commands))


def _page_fix(one: _Raised) -> str:
    """What the rule's page says to mend; for a symptom, its cause, or what to do "where none is named"."""
    text = one.info.fix.removesuffix(".")
    _, where_none_is_named, alone = text.partition("; where none is named, ")
    if not where_none_is_named:
        return text
    return f"mend {one.cause.info.id}, which explains this" if one.cause is not None else alone


def _clean_fix(fix: Fix) -> Fix:
    return Fix(
        clean.printable(clean.mask(fix.text)),
        tuple(clean.printable(clean.mask(line)) for line in fix.commands),
        "\n".join(clean.printable(clean.mask(line)) for line in fix.fragment.split("\n")) if fix.fragment else "",
        fix.needs,
        fix.risk,
        fix.safe,
    )


def _views(outcome: Outcome) -> tuple[View, ...]:
    views = {node.view for node in outcome.nodes if node.view is not None}
    return tuple(view for view in View if view in views)


def spans_of(places: Iterable[Place], snapshot: Snapshot, *, line_hashes: bool = False) -> tuple[Span, ...]:
    """The places worked out for showing; `line_hashes` only for the first, which is what code scanning looks at."""
    made: list[Span] = []
    for place in places:
        source = next((one for one in snapshot.sources if one.number == place.source), None)
        file = source.files.get(place.path) if source is not None else None
        on_disk = source is not None and source.kind not in ("archive", "bundle")
        span = spans.resolve(place, file.data if file is not None else None, place.path)
        wanted = line_hashes and not made and file is not None
        made.append(
            structs.replace(
                span,
                path=clean.printable(clean.name_of(place.path) if on_disk else place.path),
                source=place.source,
                uri=clean.uri(place.path, on_disk=on_disk),
                line_hash=line_hash(file.data, span.line or 1) if wanted and file is not None else "",
            )
        )
    return tuple(made)


def _undecided(one: Outcome, snapshot: Snapshot, settings: Settings) -> Undecided:
    verdict = one.verdict
    kind = "open" if isinstance(verdict, Open) else "pass" if isinstance(verdict, Pass) else "notApplicable"
    return Undecided(
        rule=one.rule.info.id,
        kind=kind,
        because=clean.printable(clean.mask(verdict.because)) if kind == "open" or settings.all_passes else "",
        subject=one.node.subject,
        views=_views(one),
        spans=spans_of(one.seen[:1], snapshot) if kind == "pass" and settings.all_passes else (),
        wanted=verdict.wanted if isinstance(verdict, Open) else (),
        severity=one.rule.info.severity,
        needs_host=one.needs_host,
        source=one.node.source.number,
        goals=in_order(one.goals & one.node.goals.wanted),
        figures=verdict.figures if isinstance(verdict, Pass) else (),
        **{key: clean.printable(name) for key, name in one.node.names().items()},
    )


def _collect_list(opens: list[Outcome], snapshot: Snapshot) -> tuple[Collect, ...]:
    """What would decide most first, named as the layout at hand names it; alternatives are one line.

    A rule that only lacks a host is not among them: what it needs is another input.
    """
    asked: dict[tuple[str, ...], list[Outcome]] = {}
    for one in opens:
        names = () if one.needs_host else _missing(one, snapshot)
        if names:
            asked.setdefault(names, []).append(one)
    decides: dict[str, set[str]] = {}
    for names, outcomes in asked.items():
        for name in names:
            decides.setdefault(name, set()).update(one.rule.info.id for one in outcomes)
    lines: dict[tuple[str, tuple[str, ...]], list[Outcome]] = {}
    for names, outcomes in asked.items():
        for one in outcomes:
            key = (snapshot.layout_of(one.node).name, _best(names, decides, asked))
            lines.setdefault(key, []).append(one)
    made = [_collect(names, outcomes, snapshot) for (_, names), outcomes in lines.items()]
    return tuple(sorted(made, key=lambda line: (-len(line.decides), line.evidence)))


_KERNEL_LOGS = ("cmd/dmesg", "cmd/journal-boot")
"""What to collect where a kernel log is wanted: either will do."""


def _missing(one: Outcome, snapshot: Snapshot) -> tuple[str, ...]:
    """The alternatives that would decide it and are not here yet."""
    names: list[str] = []
    for name in cast("Open", one.verdict).wanted:
        is_log = any(log.name == name and log.log == "kernel" for log in snapshot.registry.logs)
        names.extend(_KERNEL_LOGS if is_log else (name,))
    return tuple(name for name in dict.fromkeys(names) if not _is_here(one.node, name, snapshot))


def _best(names: tuple[str, ...], decides: Mapping[str, set[str]], asked: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Of alternatives, the one that must be collected anyway; else those that decide no less than another."""
    alone = [name for name in names if (name,) in asked]
    if alone:
        return (max(alone, key=lambda name: len(decides[name])),)
    return tuple(name for name in names if not any(decides[name] < decides[other] for other in names))


def _collect(names: tuple[str, ...], outcomes: list[Outcome], snapshot: Snapshot) -> Collect:
    first = outcomes[0]
    found = [snapshot.evidence.get(name, Evidence(name)) for name in names]
    commands = [one.command or f"cat /{one.name}" for one in found]
    shown = [snapshot.shown(first.node, name) for name in names]
    machines = dict.fromkeys((one.node.host or one.node).name for one in outcomes)
    others = {node.name for node in (*snapshot.hosts, *snapshot.guests)} - set(machines)
    of = f" ({few(list(machines))})" if others else ""
    return Collect(
        evidence=" or ".join(names),
        shown=clean.printable(" or ".join(shown) + of),
        command=" or ".join(commands),
        reason=clean.printable(clean.mask(first.verdict.because)),
        decides=tuple(sorted({one.rule.info.id for one in outcomes})),
        machines=tuple(clean.printable(name) for name in machines),
    )


def _is_here(node: Node, name: str, snapshot: Snapshot) -> bool:
    """Whether a piece of evidence was given already: to collect it again would decide nothing.

    A snapshot's file that is cut, empty or could not be read is worth collecting again; a log that lacks its beginning,
    or a file that was named itself, is not.
    """
    if name in _KERNEL_LOGS:
        return _has_log(node, name, snapshot)
    if name in node.source.recognised.values():
        return True
    owner: Node | None = node
    while owner is not None:
        texts = owner.texts.get(name, ())
        listed = snapshot.evidence[name].listing if name in snapshot.evidence else False
        if texts and all(text.complete is Completeness.WHOLE and (listed or text.data.strip()) for text in texts):
            return True
        owner = owner.parent
    return name == "domain.xml" and node.subject is Subject.DOMAIN


def _has_log(node: Node, name: str, snapshot: Snapshot) -> bool:
    machine = node if node.subject is Subject.GUEST else node.host or node
    log = snapshot.get(machine, KernelLog)
    if log is not None and log.whole:
        return True
    patterns = [glob(path) for path in snapshot.layout_of(machine).paths(Evidence(name))]
    for made in machine.readings.get(KernelLogReading, ()):
        path = made.value.path
        if machine.source.recognised.get(path) == name or any(pattern.fullmatch(path) for pattern in patterns):
            return True
    return False


def _input(source: Source, snapshot: Snapshot) -> InputSummary:
    mine = [node for node in snapshot.nodes() if node.source is source]
    return InputSummary(
        path=clean.printable(clean.name_of(source.label)),
        kind=source.kind,
        damage=clean.printable(source.damage),
        not_domains=source.not_domains,
        lent=any(node.lent for node in mine),
        judged=len(mine),
    )


def _subjects(snapshot: Snapshot, outlook: Callable[[Node], str]) -> tuple[SubjectSummary, ...]:
    summaries = []
    for node in (*snapshot.hosts, *snapshot.guests):
        notice = node.notice or node.goals.unknown_because
        summaries.append(
            SubjectSummary(
                subject=node.subject,
                name=clean.printable(node.name),
                source=node.source.number,
                headline=clean.printable(headline(node, snapshot)),
                goals=in_order(node.goals.wanted),
                notice=clean.printable(notice) if not node.lent else "",
                outlook=outlook(node),
            )
        )
    return tuple(summaries)


def headline(node: Node, snapshot: Snapshot) -> str:
    """CPU and kernel of a machine."""
    cpu = snapshot.get(node, Cpuinfo)
    kernel = snapshot.get(node, KernelVersion)
    parts = [_cpu_name(cpu.model_name)] if cpu is not None and cpu.model_name else []
    if kernel is not None:
        parts.append(f"kernel {kernel.release}")
    return ", ".join(parts)


def _cpu_name(name: str) -> str:
    return re.sub(r"\s+\d+-Core Processor$", "", name.replace("(R)", "").replace("(TM)", "")).strip()

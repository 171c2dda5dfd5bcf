"""The engine: sources -> Snapshot -> Outcomes -> Report.

`collect` turns inputs into subjects with evidence, `judge` calls every rule once for each subject (view, goal),
`report` raises what is wanted, folds consequences under their causes and sorts. The engine knows no rule by name.

Facts are made when first asked for, once per subject. A value remembers the damage of everything that it stands on;
a Pass on damage becomes Open (architecture 3: without this guard a cut domain XML just makes a tuple shorter).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from msgspec import Struct, structs

from sevlint import clean, remedies, spans
from sevlint.errors import ParseError, SourceError
from sevlint.facts.base import Fact, Reading
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain, DomainXml, FoundDomain
from sevlint.facts.goals import DomainGoalSigns, GuestGoalSigns, HostGoalSigns
from sevlint.facts.kernel import BootConfig, KernelVersion, ModuleParameters
from sevlint.facts.log import KernelLog, KernelLogReading, LogReading, QemuLog, QemuLogReading
from sevlint.facts.platform import Dmi, OsRelease
from sevlint.model import (
    Collect,
    Completeness,
    Confidence,
    Evidence,
    Fail,
    Fault,
    Finding,
    Gap,
    GapReason,
    Goal,
    Goals,
    InputSummary,
    Level,
    NotApplicable,
    Open,
    Pass,
    Place,
    Report,
    RuleInfo,
    Settings,
    Severity,
    Span,
    Subject,
    SubjectSummary,
    Undecided,
    Verdict,
    View,
    highest,
    in_order,
)
from sevlint.parsers.base import Parser, Text
from sevlint.rule import Combiner, How, Rule, Want
from sevlint.sources.base import Layout, Source, Wanted

_F = TypeVar("_F", bound=Fact)

LOGS = (
    Evidence("cmd/dmesg", command="dmesg", root=True, log="kernel"),
    Evidence("var/log/dmesg", command="cat /var/log/dmesg", log="kernel"),
    Evidence("cmd/journal-boot", command="journalctl --no-pager --dmesg --boot", root=True, log="kernel"),
    Evidence("var/log/kern.log", command="cat /var/log/kern.log", root=True, log="kernel"),
    Evidence("var/log/messages", command="cat /var/log/messages", root=True, log="kernel"),
    Evidence("var/log/syslog", command="cat /var/log/syslog", root=True, log="kernel"),
    Evidence(
        "var/log/libvirt/qemu/{domain}.log",
        command="cat /var/log/libvirt/qemu/DOMAIN.log",
        root=True,
        many=True,
        log="qemu",
    ),
)
"""Evidence that the scanner reads; declared here because no parser does."""


# --- what the engine is given ---------------------------------------------------------------------------------------


class Registry(Struct, frozen=True):
    """Everything that plugins brought for this run. `scan` makes a log scanner: (kind, path, source, completeness)."""

    parsers: tuple[Parser, ...]
    combiners: tuple[Combiner, ...]
    layouts: tuple[Layout, ...]
    scan: Callable[[str, str, int, Completeness], Any]
    choose_layout: Callable[[Iterable[str], str], Layout]


class Made(Struct, frozen=True):
    """A fact or a Gap, and the damage of everything that it stands on."""

    value: Any
    damage: tuple[Gap, ...] = ()

    @property
    def is_gap(self) -> bool:
        """No fact could be made."""
        return isinstance(self.value, Gap)

    @property
    def all_damage(self) -> tuple[Gap, ...]:
        """Its own, if it is a damaged gap, and what it stands on."""
        return (self.value, *self.damage) if self.is_gap and self.value.is_damage else self.damage


# --- subjects -------------------------------------------------------------------------------------------------------


class Node:
    """One subject (for a domain: one of its views) with the evidence that is about it alone."""

    def __init__(self, subject: Subject, name: str, source: Source, parent: Node | None = None) -> None:
        self.subject = subject
        self.name = name
        self.source = source
        self.parent = parent
        self.children: list[Node] = []
        self.view: View | None = None
        self.group = ""
        self.outside = ""
        self.named = False
        self.lent = False
        self.notice = ""
        self.texts: dict[str, list[Text]] = {}
        self.readings: dict[type, list[Made]] = {}
        self.made: dict[type, Made] = {}
        self.goals = Goals()

    @property
    def host(self) -> Node | None:
        """The host around this subject, or the subject itself."""
        node: Node | None = self
        while node is not None and node.subject is not Subject.HOST:
            node = node.parent
        return node

    def names(self) -> dict[str, str]:
        """How a finding names its subject: host, domain, guest."""
        host = self.host
        named = {"host": host.name if host is not None and not host.lent else "", "outside": self.outside}
        if self.subject is Subject.DOMAIN:
            named["domain"] = self.name
        elif self.subject is Subject.GUEST:
            named["guest"] = self.name
            if self.parent is not None and self.parent.subject is Subject.DOMAIN:
                named["domain"] = self.parent.name
        return named


class Outcome(Struct, frozen=True):
    """One verdict of a rule about a subject; equal ones of several views or goals are one outcome."""

    rule: Rule
    nodes: tuple[Any, ...]
    verdict: Verdict
    goals: frozenset[Goal]
    seen: tuple[Place, ...] = ()
    needs_host: bool = False

    @property
    def node(self) -> Node:
        """The subject (its first view)."""
        return cast("Node", self.nodes[0])


class Snapshot:
    """All subjects of a run, and the facts made of them so far."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.sources: list[Source] = []
        self.layouts: dict[int, Layout] = {}
        self.hosts: list[Node] = []
        self.domains: list[Node] = []
        self.guests: list[Node] = []
        self.faults: list[Fault] = []
        self.errors: list[str] = []
        self.evidence = {one.name: one for parser in registry.parsers for one in parser.reads}
        self.evidence.update({one.name: one for one in LOGS})
        self._parsers = {parser.makes: parser for parser in registry.parsers}
        self._combiners = {combiner.makes: combiner for combiner in registry.combiners}
        self._running: list[type] = []

    # facts ----------------------------------------------------------------------------------------------------------

    def get(self, node: Node, kind: type[_F]) -> _F | None:
        """A fact for the engine's own use, or None."""
        made = self.ask(node, kind)
        return None if made.is_gap else cast("_F", made.value)

    def ask(self, node: Node, kind: type) -> Made:
        """A fact at a subject or outward from it: made once, remembered, possibly a Gap."""
        target = self._target(node, kind.LEVEL)  # type: ignore[attr-defined]
        if target is None:
            word = kind.LEVEL.value.replace("machine", "host")  # type: ignore[attr-defined]
            return Made(Gap((), GapReason.NO_SUBJECT, f"no {word} was given"))
        made = target.made.get(kind)
        if made is None:
            made = target.made[kind] = self._make(target, kind)
        return made

    def _target(self, node: Node, level: Level) -> Node | None:
        if level is Level.HOST:
            return node.host
        if level is Level.MACHINE:
            return node if node.subject is not Subject.DOMAIN else node.host
        wanted = Subject.DOMAIN if level is Level.DOMAIN else Subject.GUEST
        candidate: Node | None = node
        while candidate is not None and candidate.subject is not wanted:
            candidate = candidate.parent
        return candidate

    def _make(self, node: Node, kind: type) -> Made:
        if kind in self._running:
            chain = " -> ".join(one.__name__ for one in (*self._running, kind))
            return self._fault(node, kind.__name__, f"facts need each other in a circle: {chain}")
        combiner = self._combiners.get(kind)
        if combiner is None:
            parser = self._parsers.get(kind)
            return self._parse_first(node, parser) if parser else Made(Gap((), GapReason.ABSENT, "nothing makes it"))
        self._running.append(kind)
        try:
            called = self.call(combiner.function, combiner.wants, node, None, combiner.name)
        finally:
            self._running.pop()
        return Made(called.value, called.damage) if isinstance(called, Made) else Made(called)

    def _parse_first(self, node: Node, parser: Parser) -> Made:
        for evidence in parser.reads:
            for text in node.texts.get(evidence.name, ()):
                return self._parse(node, parser, text)
        return Made(Gap(tuple(one.name for one in parser.reads), GapReason.ABSENT))

    def _parse(self, node: Node, parser: Parser, text: Text) -> Made:
        if text.complete is Completeness.UNREADABLE:
            return Made(Gap((text.name,), GapReason.UNREADABLE, text.note, text.place()))
        try:
            value = parser.function(text)
        except ParseError as error:
            return Made(Gap((text.name,), GapReason.DAMAGED, error.why, error.place or text.place()))
        except Exception as error:
            return self._fault(node, parser.name, f"{type(error).__name__}: {error}", text.path)
        return Made(value, _damage_of(text))

    def _readings(self, node: Node, kind: type) -> list[Made]:
        """Every reading of a kind at a node, in path order."""
        if kind not in node.readings:
            parser = self._parsers.get(kind)
            texts = [text for one in parser.reads for text in node.texts.get(one.name, ())] if parser else []
            node.readings[kind] = [self._parse(node, cast("Parser", parser), text) for text in texts]
        return node.readings[kind]

    def _fault(self, node: Node, where: str, what: str, path: str = "") -> Made:
        self.faults.append(Fault(where, clean.printable(path or node.name), clean.printable(clean.mask(what))))
        return Made(Gap((), GapReason.FAULT, where))

    # calls ----------------------------------------------------------------------------------------------------------

    def call(
        self, function: Callable[..., Any], wants: tuple[Want, ...], node: Node, goal: Goal | None, where: str
    ) -> Made:
        """Call a rule or combiner with its facts; a missing required fact or a Gap comes back as the value."""
        arguments: dict[str, Any] = {}
        damage: list[Gap] = []
        for want in wants:
            if want.how is How.GOAL:
                arguments[want.name] = goal
                continue
            if want.how is How.MANY:
                arguments[want.name] = self._many(node, want, damage)
                continue
            made = self._one(node, want)
            damage.extend(made.all_damage)
            if made.is_gap and want.how is How.REQUIRED:
                return Made(made.value, tuple(damage))
            arguments[want.name] = None if made.is_gap and want.how is How.OPTIONAL else made.value
        try:
            value = function(**arguments)
        except Exception as error:
            return self._fault(node, where, f"{type(error).__name__}: {error}")
        return Made(value, tuple(damage))

    def _one(self, node: Node, want: Want) -> Made:
        if want.on_host:
            host = node.host
            return self.ask(host, want.fact) if host else Made(Gap((), GapReason.NO_SUBJECT, "no host was given"))
        if issubclass(want.fact, Reading):
            target = self._target(node, want.fact.LEVEL)
            found = self._readings(target, want.fact) if target else []
            if found:
                return found[0]
            parser = self._parsers.get(want.fact)
            return Made(Gap(tuple(one.name for one in parser.reads) if parser else (), GapReason.ABSENT))
        return self.ask(node, want.fact)

    def _many(self, node: Node, want: Want, damage: list[Gap]) -> tuple[Any, ...]:
        level: Level = want.fact.LEVEL  # type: ignore[attr-defined]
        if issubclass(want.fact, Reading):
            target = self._target(node, level)
            all_made = self._readings(target, want.fact) if target else []
        else:
            all_made = [self.ask(inner, want.fact) for inner in self._inner(node, level)]
        for made in all_made:
            damage.extend(made.all_damage)
        return tuple(made.value for made in all_made if not made.is_gap)

    def _inner(self, node: Node, level: Level) -> list[Node]:
        """Inner subjects of a level: one for each VM (its running view, else live, else at rest)."""
        wanted = Subject.GUEST if level is Level.GUEST else Subject.DOMAIN
        best: dict[str, Node] = {}
        for child in _descend(node):
            if child.subject is wanted:
                key = child.group or f"{child.name}:{id(child)}"
                if key not in best or _VIEW_RANK[child.view] < _VIEW_RANK[best[key].view]:
                    best[key] = child
        return list(best.values())


_VIEW_RANK = {View.RUNNING: 0, View.LIVE: 1, View.AT_REST: 2, None: 3}


def _descend(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _descend(child)


def _damage_of(text: Text) -> tuple[Gap, ...]:
    if not text.complete.is_damage:
        return ()
    reason = {
        Completeness.TAIL_ONLY: GapReason.TAIL_ONLY,
        Completeness.TIMED_OUT: GapReason.TIMED_OUT,
        Completeness.DAMAGED: GapReason.DAMAGED,
        Completeness.UNREADABLE: GapReason.UNREADABLE,
    }[text.complete]
    return (Gap((text.name,), reason, text.note, text.place()),)


# --- collect --------------------------------------------------------------------------------------------------------


class Input(Struct, frozen=True):
    """One source and how it was named. `tie`: the domain that a `--guest NAME=PATH` belongs to."""

    source: Source
    lent: bool = False
    tie: str = ""


def collect(inputs: Sequence[Input], registry: Registry, settings: Settings) -> Snapshot:
    """Load every source and sort its evidence to hosts, domains and guests. Damaged sources give what they have."""
    snapshot = Snapshot(registry)
    for one in inputs:
        snapshot.sources.append(one.source)
        _Collector(snapshot, one, settings).run()
    _tie(snapshot)
    _set_goals(snapshot, settings)
    return snapshot


class _Collector:
    """Sorts one source's files."""

    def __init__(self, snapshot: Snapshot, given: Input, settings: Settings) -> None:
        self.snapshot = snapshot
        self.given = given
        self.source = given.source
        self.settings = settings
        self.logs: list[tuple[str, str, LogReading]] = []

    def run(self) -> None:
        registry, source = self.snapshot.registry, self.source
        keep: list[str] = []
        logs: list[str] = []
        listed: list[str] = []
        for evidence in self.snapshot.evidence.values():
            paths = [path for layout in registry.layouts for path in layout.paths(evidence)]
            target = logs if evidence.log else listed if evidence.listing else keep
            target.extend(paths)
        wanted = Wanted(_unique(keep), _unique(logs), _unique(listed), self._log)
        try:
            source.load(wanted)
        except SourceError as error:
            self.snapshot.errors.append(str(error))
        names = [*source.files, *(path for path, _, _ in self.logs)]
        layout = registry.choose_layout(names, source.layout_hint())
        self.snapshot.layouts[source.number] = layout
        texts = self._texts(layout)
        machine = {name: found for name, found in texts.items() if not _is_domain_evidence(name)}
        machine_logs = [reading for _, _, reading in self.logs if isinstance(reading, KernelLogReading)]
        node = self._machine(machine, machine_logs) if machine or machine_logs else None
        self._domains(texts, node)

    def _log(self, path: str, chunks: Iterator[bytes], complete: Completeness) -> None:
        """Scan one log as it passes."""
        for evidence in LOGS:
            name = self.source.recognised.get(path)
            patterns = [one for layout in self.snapshot.registry.layouts for one in layout.paths(evidence)]
            found = name == evidence.name or any(glob(pattern).fullmatch(path) for pattern in patterns)
            if found:
                scan = self.snapshot.registry.scan(evidence.log, path, self.source.number, complete)
                try:
                    for chunk in chunks:
                        scan.feed(chunk)
                except ParseError as error:
                    scan.cut_short(error.why)
                self.logs.append((evidence.name, path, scan.finish()))
                return

    def _texts(self, layout: Layout) -> dict[str, list[Text]]:
        """Canonical evidence name -> files, best first (for `many` evidence every file, in path order)."""
        found: dict[str, list[Text]] = {}
        known = {name: path for path, name in self.source.recognised.items()}
        for evidence in self.snapshot.evidence.values():
            if evidence.log:
                continue
            for pattern in layout.paths(evidence):
                paths = self._matches(pattern)
                if paths:
                    texts = [self._text(evidence, path, layout) for path in paths]
                    found.setdefault(evidence.name, []).extend(texts)
                    if not evidence.many:
                        break
            if evidence.name in known and evidence.name not in found:
                paths = sorted(path for path, name in self.source.recognised.items() if name == evidence.name)
                paths = [path for path in paths if path in self.source.files]
                if paths:
                    found[evidence.name] = [self._text(evidence, path, layout) for path in paths]
        return found

    def _matches(self, pattern: str) -> list[str]:
        if "*" not in pattern and "{" not in pattern:
            return [pattern] if pattern in self.source.files else []
        matcher = glob(pattern)
        return sorted(path for path in self.source.files if matcher.fullmatch(path))

    def _text(self, evidence: Evidence, path: str, layout: Layout) -> Text:
        file = self.source.files[path]
        complete = file.complete
        if complete is Completeness.WHOLE and evidence.name in layout.filtered:
            complete = Completeness.FILTERED
        elif complete is Completeness.WHOLE and layout.stripped:
            complete = Completeness.STRIPPED
        return Text(
            path,
            file.data,
            name=evidence.name,
            source=self.source.number,
            complete=complete,
            kind=file.kind,
            mode=file.mode,
            owner=file.owner,
            note=file.why,
        )

    def _machine(self, texts: dict[str, list[Text]], logs: list[KernelLogReading]) -> Node:
        node = Node(Subject.HOST, _stem(self.source.label), self.source)
        node.texts = texts
        node.readings[KernelLogReading] = [Made(reading) for reading in logs]
        node.named, node.lent = not self.given.lent, self.given.lent
        node.subject, node.notice = self._classify(node)
        if node.subject is Subject.GUEST:
            node.readings.pop(QemuLogReading, None)
            self.snapshot.guests.append(node)
        else:
            self.snapshot.hosts.append(node)
        return node

    def _classify(self, node: Node) -> tuple[Subject, str]:
        """Host or guest (architecture 8), and what the header says about a guess."""
        if self.given.tie:
            return Subject.GUEST, ""
        if self.given.lent:
            return Subject.HOST, ""
        if self.settings.treat_as is not None:
            return self.settings.treat_as, ""
        snapshot = self.snapshot
        dmi, cpu, log = (snapshot.get(node, kind) for kind in (Dmi, Cpuinfo, KernelLog))
        signs = snapshot.get(node, GuestGoalSigns) if log is not None or cpu is not None else None
        in_vm = bool(
            (isinstance(dmi, Dmi) and dmi.is_virtual)
            or (isinstance(cpu, Cpuinfo) and cpu.in_vm)
            or (signs is not None and signs.signs)
            or (isinstance(log, KernelLog) and log.last("hypervisor-detected", "tdx-guest-detected") is not None)
        )
        drives = isinstance(log, KernelLog) and any(
            line.card.startswith(("kvm-", "ccp-", "rmp-", "amd-vi-", "tdx-host")) for line in log.hits
        )
        on_metal = drives or (isinstance(dmi, Dmi) and not dmi.is_virtual) or (cpu is not None and not in_vm)
        if in_vm and on_metal:
            return Subject.HOST, "it looks like a host inside a VM (nested); --as guest judges it as a guest"
        if not in_vm and not on_metal:
            return Subject.HOST, "nothing says whether this is a host or a guest; taken for a host (--as guest)"
        return (Subject.GUEST if in_vm else Subject.HOST), ""

    def _domains(self, texts: dict[str, list[Text]], machine: Node | None) -> None:
        host = machine if machine is not None and machine.subject is Subject.HOST else None
        for parser in self.snapshot.registry.parsers:
            if not parser.splits:
                continue
            for evidence in parser.reads:
                for text in texts.get(evidence.name, ()):
                    self._split(parser, text, host)
        for evidence_name, path, reading in self.logs:
            if isinstance(reading, QemuLogReading):
                self._attach_log(evidence_name, path, reading, host)

    def _split(self, parser: Parser, text: Text, host: Node | None) -> None:
        if text.complete is Completeness.UNREADABLE:
            gap = Gap((text.name,), GapReason.UNREADABLE, text.note, text.place())
            found: Sequence[FoundDomain] = (FoundDomain(_stem(text.path), "", View.AT_REST, 1, gap, gap),)
            if host is None:
                self.snapshot.errors.append(f"{text.path}: {text.note or 'could not be read'}")
        else:
            made = self.snapshot._parse(host or Node(Subject.DOMAIN, text.path, self.source), parser, text)
            found = () if made.is_gap else made.value
        for one in found:
            node = self._domain_node(one.name, one.view, host)
            node.outside = "" if host is not None else f"{text.path}#{one.ordinal}"
            node.group = f"{self.source.number}:{one.name}" if host is not None else node.outside
            node.made[DomainXml] = Made(one.xml, _damage_of(text))
            node.made[Domain] = Made(one.domain, _damage_of(text))

    def _domain_node(self, name: str, view: View | None, host: Node | None) -> Node:
        node = Node(Subject.DOMAIN, name, self.source, host)
        node.view = view
        node.named = host is None and self.source.kind in ("file", "stdin")
        if host is not None:
            host.children.append(node)
        self.snapshot.domains.append(node)
        return node

    def _attach_log(self, evidence: str, path: str, reading: QemuLogReading, host: Node | None) -> None:
        """A VM's log belongs to every view of the domain of its name; a log alone is a domain of its own."""
        name = _stem(path)
        views = [node for node in self.snapshot.domains if node.source is self.source and node.name == name]
        if not views:
            node = self._domain_node(name, None, host)
            node.outside = "" if host is not None else path
            node.group = f"{self.source.number}:{name}"
            wanted = ("etc/libvirt/qemu/*.xml",)
            node.made[DomainXml] = node.made[Domain] = Made(Gap(wanted, GapReason.ABSENT, f"of domain {name}"))
            views = [node]
        for node in views:
            node.readings.setdefault(QemuLogReading, []).append(Made(reading))


def _is_domain_evidence(name: str) -> bool:
    return name in ("domain.xml", "cmd/virsh-dumpxml-*") or "/libvirt/qemu/" in name


def _unique(items: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


_GLOBS: dict[str, re.Pattern[str]] = {}


def glob(pattern: str) -> re.Pattern[str]:
    """A path pattern as a regular expression: `*` and `{domain}` stay within one component."""
    if pattern not in _GLOBS:
        parts = re.split(r"(\*|\{domain\})", pattern)
        _GLOBS[pattern] = re.compile(
            "".join("[^/]*" if part in ("*", "{domain}") else re.escape(part) for part in parts)
        )
    return _GLOBS[pattern]


def _stem(path: str) -> str:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    for suffix in (".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz", ".tar", ".yaml", ".yml", ".xml", ".log", ".txt"):
        if name.endswith(suffix) and name != suffix:
            return name[: -len(suffix)]
    return name or path


def _tie(snapshot: Snapshot) -> None:
    """Tie guests to their domains (by --guest NAME, DMI uuid or name) and lend the lent host to outside domains."""
    lent = next((host for host in snapshot.hosts if host.lent), None)
    for node in snapshot.domains:
        if node.parent is None and lent is not None:
            node.parent = lent
    for guest in snapshot.guests:
        dmi = snapshot.get(guest, Dmi)
        uuid = dmi.product_uuid.lower() if dmi else ""
        for node in sorted(snapshot.domains, key=lambda one: _VIEW_RANK[one.view]):
            domain = snapshot.get(node, Domain)
            if node.name == guest.name or (uuid and domain is not None and domain.uuid.lower() == uuid):
                guest.parent = node
                node.children.append(guest)
                break


def _set_goals(snapshot: Snapshot, settings: Settings) -> None:
    asked = frozenset(settings.goals)
    by_group: dict[str, Goals] = {}
    for node in snapshot.domains:
        signs = snapshot.get(node, DomainGoalSigns)
        found = signs.signs if signs else ()
        wanted = frozenset(sign.goal for sign in found if sign.goal is not None) | (
            asked if node.named else frozenset()
        )
        unclear = any(sign.goal is None for sign in found)
        before = by_group.get(node.group, Goals())
        by_group[node.group] = Goals(before.wanted | wanted, before.unclear or unclear)
    for node in snapshot.domains:
        node.goals = by_group[node.group]
    for guest in snapshot.guests:
        signs_of_guest = snapshot.get(guest, GuestGoalSigns)
        own = frozenset(sign.goal for sign in signs_of_guest.signs if sign.goal) if signs_of_guest else frozenset()
        tied = guest.parent.goals.wanted if guest.parent is not None else frozenset()
        guest.goals = Goals(_strongest(own) | tied | (asked if guest.named else frozenset()))
    for host in snapshot.hosts:
        signs_of_host = snapshot.get(host, HostGoalSigns)
        requests = signs_of_host.signs if signs_of_host else ()
        wanted = frozenset(sign.goal for sign in requests if sign.goal is not None)
        inner = [node for node in snapshot.domains if node.host is host]
        wanted |= frozenset(goal for node in inner for goal in node.goals.wanted)
        if host.named:
            wanted |= asked
        known = any(not made.is_gap for node in inner if (made := snapshot.ask(node, Domain)))
        unknown = ""
        if not wanted and not known and signs_of_host is not None and signs_of_host.capable:
            flags = " or ".join(f"--goal {goal.value}" for goal in signs_of_host.capable)
            unknown = f"no domain XML was collected, so what this host is meant to run is not known: add {flags}"
        host.goals = Goals(wanted, any(node.goals.unclear for node in inner), unknown)


def _strongest(goals: frozenset[Goal]) -> frozenset[Goal]:
    """A guest's proof lines are cumulative: SEV-SNP names SEV and SEV-ES too (guest-and-swiotlb 3.1)."""
    for goal in (Goal.SEV_SNP, Goal.SEV_ES):
        if goal in goals:
            return (goals - {Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP}) | {goal}
    return goals


# --- judge ----------------------------------------------------------------------------------------------------------


def judge(rules: Iterable[Rule], snapshot: Snapshot) -> list[Outcome]:
    """Every rule once for each of its subjects (view, goal). Verdicts do not depend on what is wanted."""
    subjects = {Subject.HOST: snapshot.hosts, Subject.DOMAIN: snapshot.domains, Subject.GUEST: snapshot.guests}
    outcomes: list[Outcome] = []
    for rule in rules:
        by_group: dict[str, list[Outcome]] = {}
        for number, node in enumerate(subjects[rule.info.about]):
            if rule.info.about is Subject.DOMAIN and not (node.goals.wanted or node.goals.unclear):
                continue  # a plain domain: nothing can be raised, and 1,000 of them must cost nothing
            found = by_group.setdefault(node.group or str(number), [])
            for goal in in_order(rule.goals) if rule.per_goal else (None,):
                found.extend(_judge_one(rule, snapshot, node, goal))
        for found in by_group.values():
            outcomes.extend(_merged(found))
    return outcomes


def _judge_one(rule: Rule, snapshot: Snapshot, node: Node, goal: Goal | None) -> list[Outcome]:
    goals = frozenset({goal}) if goal is not None else rule.goals
    called = snapshot.call(rule.function, rule.wants, node, goal, f"rule {rule.info.id}")
    value = called.value
    if isinstance(value, Gap):
        unknown = Open(_gap_words(value), value.wanted)
        needs_host = value.reason in (GapReason.NO_SUBJECT, GapReason.ABSENT) and node.host is None
        return [Outcome(rule, (node,), unknown, goals, needs_host=needs_host)]
    verdicts: Sequence[Verdict] = value if isinstance(value, (list, tuple)) else (value,)
    outcomes = []
    for said in verdicts:
        verdict: Verdict = said
        if isinstance(verdict, Pass) and called.damage:
            gap = called.damage[0]
            verdict = Open(f"it would pass, but {_gap_words(gap)}", gap.wanted)
        seen = verdict.seen if isinstance(verdict, (Pass, Fail)) else ()
        outcomes.append(Outcome(rule, (node,), verdict, goals, seen))
    return outcomes


def _gap_words(gap: Gap) -> str:
    if gap.reason is GapReason.NO_SUBJECT:
        return gap.detail
    subject = gap.place.path if gap.place else " or ".join(gap.wanted[:3]) or "the evidence"
    words = f"{subject} {gap.reason.value}"
    return f"{words}: {gap.detail}" if gap.detail else words


def _merged(outcomes: list[Outcome]) -> list[Outcome]:
    """Outcomes that say the same of several views or goals become one."""
    merged: dict[tuple[Any, ...], Outcome] = {}
    for one in outcomes:
        verdict = one.verdict
        extra: tuple[Any, ...] = ()
        if isinstance(verdict, Fail):
            here = one.node.view, *((place.line, place.element, place.part, place.path) for place in verdict.seen[:1])
            extra = (verdict.value, verdict.severity, verdict.confidence, *(here if len(one.nodes) > 1 else ()))
        key = (type(verdict).__name__, verdict.because, *extra)
        before = merged.get(key)
        if before is None or (isinstance(verdict, Fail) and before.node is one.node and before.goals == one.goals):
            while key in merged:
                key = (*key, 0)
            merged[key] = one
        else:
            nodes = before.nodes if one.node in before.nodes else (*before.nodes, one.node)
            seen = tuple(dict.fromkeys((*before.seen, *one.seen)))
            merged[key] = Outcome(
                one.rule, nodes, before.verdict, before.goals | one.goals, seen, before.needs_host and one.needs_host
            )
    return list(merged.values())


# --- report ---------------------------------------------------------------------------------------------------------


class _Raised:
    """A Fail that will be shown, on its way to a Finding."""

    def __init__(self, outcome: Outcome, info: RuleInfo, severity: Severity, confidence: Confidence) -> None:
        self.outcome = outcome
        self.info = info
        self.severity = severity
        self.confidence = confidence
        self.key = ""
        self.cause: _Raised | None = None
        self.explains: list[_Raised] = []

    @property
    def fail(self) -> Fail:
        return cast("Fail", self.outcome.verdict)

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


def report(
    outcomes: Iterable[Outcome],
    snapshot: Snapshot,
    settings: Settings,
    *,
    hide: Hidden = lambda info, node: "",
    regrade: Callable[[RuleInfo, Node], Severity | None] = lambda info, node: None,
    cards: Mapping[str, RuleInfo] | None = None,
    rules: Iterable[RuleInfo] = (),
    version: str = "",
) -> Report:
    """Raise what is wanted, drop what is hidden, fold, sort, and word."""
    raised: list[_Raised] = []
    undecided: list[Outcome] = []
    hidden: dict[str, int] = {}
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
            if not outcome.node.lent:
                undecided.append(outcome)
            continue
        why_hidden = hide(info, outcome.node)
        confidence = max(info.confidence, outcome.verdict.confidence or info.confidence, key=lambda one: one.rank)
        if not why_hidden and confidence.rank > settings.min_confidence.rank:
            why_hidden = "below --min-confidence"
        if why_hidden:
            hidden[why_hidden] = hidden.get(why_hidden, 0) + 1
            continue
        severity = _severity(info, outcome, relevant, regrade(info, outcome.node))
        raised.append(_Raised(outcome, info, severity, confidence))
    _fold(raised)
    findings = _findings(raised, snapshot)
    opens = [one for one in undecided if isinstance(one.verdict, Open) and not hide(one.rule.info, one.node)]
    return Report(
        inputs=tuple(_input(source, snapshot) for source in snapshot.sources),
        subjects=_subjects(snapshot),
        findings=findings,
        undecided=tuple(_undecided(one, snapshot, settings) for one in undecided if not hide(one.rule.info, one.node)),
        collect=_collect_list(opens, snapshot),
        rules=tuple(sorted(rules, key=lambda info: info.id)),
        faults=tuple(dict.fromkeys(snapshot.faults)),
        errors=tuple(clean.printable(error) for error in snapshot.errors),
        hidden=tuple(sorted(hidden.items())),
        sevlint_version=version,
    )


def _severity(info: RuleInfo, outcome: Outcome, relevant: frozenset[Goal], regraded: Severity | None) -> Severity:
    if regraded is not None:
        return regraded
    base = highest(dict(info.severities), relevant) if info.severities else info.severity
    lowered = cast("Fail", outcome.verdict).severity
    return max(base, lowered, key=lambda one: one.rank) if lowered is not None else base


def _fold(raised: list[_Raised]) -> None:
    """Put each symptom under the first broken rung below it on its own chain; `because_of` pairs first."""
    causes = sorted(
        (one for one in raised if not one.info.symptom and one.confidence is not Confidence.LOW),
        key=lambda one: (one.info.rung if one.info.rung is not None else 1000, one.info.id),
    )
    for symptom in raised:
        chain = _chain(symptom.outcome)
        for cause in causes:
            if cause is symptom or not any(node in chain for node in cause.outcome.nodes):
                continue
            if _explains(cause, symptom):
                symptom.cause = cause
                cause.explains.append(symptom)
                break
    for cause in causes:
        severities = (cause.severity, *(one.severity for one in cause.explains))
        cause.severity = min(severities, key=lambda one: one.rank)


def _explains(cause: _Raised, symptom: _Raised) -> bool:
    if cause.info.id in symptom.info.because_of:
        return True
    if not symptom.info.symptom or symptom.info.rung is None or cause.info.rung is None:
        return False
    shares = bool(cause.goals & symptom.goals)
    return shares and cause.info.rung < symptom.info.rung and cause.outcome.goals >= symptom.stands_for


def _chain(outcome: Outcome) -> list[Node]:
    chain: list[Node] = []
    for one in outcome.nodes:
        node: Node | None = one
        while node is not None:
            chain.append(node)
            node = node.parent
    return chain


def _findings(raised: list[_Raised], snapshot: Snapshot) -> tuple[Finding, ...]:
    """Number, sort and word. A lent host's own failures are shown only as causes of the domains judged with it."""
    shown = [one for one in raised if not one.outcome.node.lent]

    def order(one: _Raised) -> tuple[Any, ...]:
        place = one.outcome.seen[0]
        rung = one.info.rung if one.info.rung is not None else 1000
        consequence = one.cause is not None and one.cause in shown
        names = tuple(one.outcome.node.names().values())
        position = (place.source, place.path, place.line or 0, place.element or 0, place.column or 0)
        return (one.severity.rank, consequence, rung, names, one.info.id, position, one.fail.because)

    shown.sort(key=order)
    taken: dict[str, int] = {}
    for one in shown:
        names = (clean.printable(name) for name in one.outcome.node.names().values() if name)
        base = "/".join((one.info.id, *names))
        taken[base] = taken.get(base, 0) + 1
        one.key = base if taken[base] == 1 else f"{base}~{taken[base]}"
    return tuple(_finding(one, snapshot) for one in shown)


def _finding(one: _Raised, snapshot: Snapshot) -> Finding:
    node = one.outcome.node
    fail = one.fail
    host = node.host
    machine = node if node.subject is Subject.GUEST else host
    fix = None
    if fail.remedy is not None:
        os = snapshot.get(machine, OsRelease) if machine else None
        boot = snapshot.get(host, BootConfig) if host and machine is host else None
        fix = _clean_fix(remedies.word(fail.remedy, os, boot))
    lent: tuple[str, ...] = ()
    if one.cause is not None and one.cause.outcome.node.lent:
        place = one.cause.outcome.seen[0]
        where = f"{place.path}:{place.line}" if place.line else place.path
        lent = (clean.printable(clean.mask(f"{one.cause.info.id}: {one.cause.fail.because} ({where})")),)
    return Finding(
        key=one.key,
        rule=one.info.id,
        severity=one.severity,
        confidence=one.confidence,
        message=clean.printable(clean.mask(fail.because)),
        spans=spans_of(one.outcome.seen, snapshot),
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
        **{key: clean.printable(name) for key, name in node.names().items()},
    )


def _clean_fix(fix: Any) -> Any:
    from sevlint.model import Fix

    return Fix(
        clean.printable(clean.mask(fix.text)),
        tuple(clean.printable(clean.mask(line)) for line in fix.commands),
        "\n".join(clean.printable(clean.mask(line)) for line in fix.fragment.split("\n")) if fix.fragment else "",
        fix.needs,
        fix.risk,
    )


def _views(outcome: Outcome) -> tuple[View, ...]:
    views = {node.view for node in outcome.nodes if node.view is not None}
    return tuple(view for view in View if view in views)


def spans_of(places: Iterable[Place], snapshot: Snapshot) -> tuple[Span, ...]:
    made = []
    for place in places:
        source = next((one for one in snapshot.sources if one.number == place.source), None)
        file = source.files.get(place.path) if source is not None else None
        span = spans.resolve(place, file.data if file is not None else None, place.path)
        made.append(
            Span(
                clean.printable(span.path),
                span.line,
                span.column,
                span.end_line,
                span.end_column,
                clean.printable(clean.mask(span.snippet)),
                clean.printable(clean.mask(span.note)),
                clean.printable(span.xpath),
                place.source,
            )
        )
    return tuple(made)


def _undecided(one: Outcome, snapshot: Snapshot, settings: Settings) -> Undecided:
    verdict = one.verdict
    kind = "open" if isinstance(verdict, Open) else "pass" if isinstance(verdict, Pass) else "notApplicable"
    return Undecided(
        rule=one.rule.info.id,
        kind=kind,
        because=clean.printable(clean.mask(verdict.because)),
        subject=one.node.subject,
        views=_views(one),
        spans=spans_of(one.seen[:1], snapshot) if kind == "pass" and settings.places_of_passes else (),
        wanted=verdict.wanted if isinstance(verdict, Open) else (),
        severity=one.rule.info.severity,
        needs_host=one.needs_host,
        **{key: clean.printable(name) for key, name in one.node.names().items()},
    )


def _collect_list(opens: list[Outcome], snapshot: Snapshot) -> tuple[Collect, ...]:
    """What would decide most first. Evidence is named as the layout at hand names it."""
    decides: dict[str, set[str]] = {}
    reasons: dict[str, str] = {}
    layouts: dict[str, Layout] = {}
    for one in opens:
        for name in cast("Open", one.verdict).wanted:
            if _is_here(one.node, name, snapshot):
                continue
            decides.setdefault(name, set()).add(one.rule.info.id)
            reasons.setdefault(name, clean.printable(clean.mask(one.verdict.because)))
            layouts.setdefault(name, snapshot.layouts[one.node.source.number])
    lines = []
    for name, rules in decides.items():
        evidence = snapshot.evidence.get(name, Evidence(name))
        shown = layouts[name].paths(evidence)[0]
        command = evidence.command or f"cat /{name}"
        lines.append(Collect(name, shown, command, reasons[name], tuple(sorted(rules))))
    return tuple(sorted(lines, key=lambda line: (-len(line.decides), line.evidence)))


def _is_here(node: Node, name: str, snapshot: Snapshot) -> bool:
    """Whether a piece of evidence was collected whole already: to collect it again would decide nothing."""
    if any(one.name == name and one.log == "kernel" for one in LOGS):
        log = snapshot.get(node if node.subject is Subject.GUEST else node.host or node, KernelLog)
        return log is not None and log.whole
    owner: Node | None = node
    while owner is not None:
        texts = owner.texts.get(name, ())
        if texts and all(text.complete is Completeness.WHOLE for text in texts):
            return True
        owner = owner.parent
    return False


def _input(source: Source, snapshot: Snapshot) -> InputSummary:
    nodes = [*snapshot.hosts, *snapshot.guests, *snapshot.domains]
    mine = [node for node in nodes if node.source is source]
    return InputSummary(
        path=clean.printable(source.label),
        kind=source.kind,
        damage=clean.printable(source.damage),
        not_domains=source.not_domains,
        lent=any(node.lent for node in mine),
        judged=len(mine),
    )


def _subjects(snapshot: Snapshot) -> tuple[SubjectSummary, ...]:
    summaries = []
    for node in (*snapshot.hosts, *snapshot.guests):
        cpu = snapshot.get(node, Cpuinfo)
        kernel = snapshot.get(node, KernelVersion)
        parts = [_cpu_name(cpu.model_name)] if cpu is not None and cpu.model_name else []
        if kernel is not None:
            parts.append(f"kernel {kernel.release}")
        notice = node.notice or node.goals.unknown_because
        summaries.append(
            SubjectSummary(
                subject=node.subject,
                name=clean.printable(node.name),
                source=node.source.number,
                headline=clean.printable(", ".join(parts)),
                goals=in_order(node.goals.wanted),
                notice=clean.printable(notice) if not node.lent else "",
            )
        )
    return tuple(summaries)


def _cpu_name(name: str) -> str:
    return re.sub(r"\s+\d+-Core Processor$", "", name.replace("(R)", "").replace("(TM)", "")).strip()


__all__ = [
    "LOGS",
    "Hidden",
    "Input",
    "Made",
    "ModuleParameters",
    "Node",
    "NotApplicable",
    "Outcome",
    "QemuLog",
    "Registry",
    "Snapshot",
    "collect",
    "glob",
    "judge",
    "report",
]

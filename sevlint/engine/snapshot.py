"""Subjects with their evidence, and facts made of it when first asked for.

A value remembers the damage of everything that it stands on: a Pass on damage becomes Open (architecture 3: without
this guard a cut domain XML just makes a tuple shorter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec import Struct, structs
from msgspec.structs import asdict

from sevlint import clean
from sevlint.errors import ParseError
from sevlint.facts.base import Fact, Reading
from sevlint.facts.domain import Domain, RunningDomain
from sevlint.model import (
    Completeness,
    Evidence,
    Fault,
    Gap,
    GapReason,
    Goal,
    Goals,
    Level,
    Subject,
    View,
)
from sevlint.parsers.base import Parser, Text
from sevlint.rule import Combiner, How, Want
from sevlint.sources.base import Layout, Source

if TYPE_CHECKING:
    from sevlint.engine.apart import Apart

_F = TypeVar("_F", bound=Fact)


class Registry(Struct, frozen=True):
    """Everything that plugins brought for this run. `scan` makes a log scanner: (kind, path, source, completeness)."""

    parsers: tuple[Parser, ...]
    logs: tuple[Evidence, ...]
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


WHOLE = {How.REQUIRED: 0, How.OPTIONAL: 1, How.GAP: 2}
"""Which of a node's tables of whole facts serves each way to ask for one."""


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
        self.uuid = ""
        self.tie = ""
        """The domain that `--guest NAME=PATH` named."""
        self.outside = ""
        self.named = False
        self.lent = False
        self.is_target = False
        """A lent host of which only a configuration file tells."""
        self.notice = ""
        self.texts: dict[str, list[Text]] = {}
        self.readings: dict[type, list[Made]] = {}
        self.made: dict[type, Made] = {}
        self.later: dict[type, tuple[Callable[[], Any], tuple[Gap, ...]]] = {}
        """Facts that a parser can give at once, with their damage; read when first asked for."""
        self.whole: tuple[dict[type, Any], ...] = ({}, {}, {})
        """What rules are called with on the short way: facts that stand on no damage, by how they are asked for."""
        self.goals = Goals()
        self.apart: Apart | None = None
        """What another process said of it."""

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


class Loaded(Struct, frozen=True):
    """What reading a source gave beside its files: logs are not kept, only what was found in them."""

    logs: tuple[tuple[str, str, Any], ...]
    error: str = ""


class Snapshot:
    """All subjects of a run, and the facts made of them so far."""

    def __init__(self, registry: Registry) -> None:
        self.sources: list[Source] = []
        self.loaded: dict[int, Loaded] = {}
        self.layouts: dict[int, Layout] = {}
        self.hosts: list[Node] = []
        self.domains: list[Node] = []
        self.guests: list[Node] = []
        self.faults: list[Fault] = []
        self.errors: list[str] = []
        self.apart: dict[tuple[int, str], Sequence[Apart]] = {}
        """The domains of files, by source and path, that another process judged."""
        self.widen(registry)

    def widen(self, registry: Registry) -> None:
        """Take a registry that knows more kinds of subjects; what was made so far stays."""
        self.registry = registry
        self.evidence = {one.name: one for parser in registry.parsers for one in parser.reads}
        self.evidence.update({one.name: one for one in registry.logs})
        self._parsers = {parser.makes: parser for parser in registry.parsers}
        self._combiners = {combiner.makes: combiner for combiner in registry.combiners}

    def nodes(self) -> tuple[Node, ...]:
        """Every subject."""
        return (*self.hosts, *self.guests, *self.domains)

    def layout_of(self, node: Node) -> Layout:
        """How the collection is laid out that a subject is in: its host's, where it has one."""
        return self.layouts[(node.host or node).source.number]

    def shown(self, node: Node, name: str) -> str:
        """A piece of evidence as the layout of a subject's collection names it, or the command that gives it."""
        evidence = self.evidence.get(name, Evidence(name))
        path = self.layout_of(node).paths(evidence)[0]
        return evidence.command if path.startswith("cmd/") and evidence.command else path

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
        if kind is RunningDomain:
            return self._running_view(node)
        later = node.later.pop(kind, None)
        if later is not None:
            read, damage = later
            try:
                return Made(read(), damage)
            except Exception as error:
                return self.fault(node, kind.__name__, f"{type(error).__name__}: {error}")
        combiner = self._combiners.get(kind)
        if combiner is None:
            parser = self._parsers.get(kind)
            return self._parse_first(node, parser) if parser else Made(Gap((), GapReason.ABSENT, "nothing makes it"))
        return self.call(combiner.function, combiner.wants, node, None, combiner.name)

    def _running_view(self, node: Node) -> Made:
        """The running, else the live configuration of a domain, whichever view asks."""
        views = [one for one in self.domains if one.group == node.group and one.view in (View.RUNNING, View.LIVE)]
        if not views:
            return Made(Gap((), GapReason.NOT_RUNNING, f"domain {node.name} is not running"))
        made = self.ask(min(views, key=lambda one: VIEW_RANK[one.view]), Domain)
        return made if made.is_gap else Made(RunningDomain(**asdict(made.value)), made.damage)

    def _parse_first(self, node: Node, parser: Parser) -> Made:
        for evidence in parser.reads:
            for text in node.texts.get(evidence.name, ()):
                return self.parse(node, parser, text)
        return Made(Gap(tuple(one.name for one in parser.reads), GapReason.ABSENT))

    def parse(self, node: Node, parser: Parser, text: Text) -> Made:
        """One file's reading: what cannot be read is a Gap, a parser that raises is a fault of ours."""
        if text.complete is Completeness.UNREADABLE:
            return Made(Gap((text.name,), GapReason.UNREADABLE, text.note, text.place()))
        try:
            value = parser.function(text)
        except ParseError as error:
            return Made(Gap((text.name,), GapReason.DAMAGED, error.why, error.place or text.place()))
        except Exception as error:
            return self.fault(node, parser.name, f"{type(error).__name__}: {error}", text.path)
        return Made(value, damage_of(text))

    def _readings(self, node: Node, kind: type) -> list[Made]:
        """Every reading of a kind at a node, in path order."""
        if kind not in node.readings:
            parser = self._parsers.get(kind)
            texts = [text for one in parser.reads for text in node.texts.get(one.name, ())] if parser else []
            node.readings[kind] = [self.parse(node, cast("Parser", parser), text) for text in texts]
        return node.readings[kind]

    def fault(self, node: Node, where: str, what: str, path: str = "") -> Made:
        """Note a fault of ours; every rule that needs the fact is open, and the run exits with 3."""
        self.faults.append(Fault(where, clean.printable(path or node.name), clean.printable(clean.mask(what))))
        return Made(Gap((), GapReason.FAULT, where))

    # calls ----------------------------------------------------------------------------------------------------------

    def remember(self, wants: tuple[Want, ...], node: Node) -> None:
        """Make facts that a rule wants, and keep at hand those that stand on no damage."""
        for want in wants:
            table = node.whole[WHOLE[want.how]] if want.how in WHOLE and not want.on_host else None
            if table is not None and want.fact not in table:
                fact = self.ask(node, want.fact)
                if not fact.all_damage and not (fact.is_gap and want.how is How.REQUIRED):
                    table[want.fact] = None if fact.is_gap and want.how is How.OPTIONAL else fact.value

    def call(
        self, function: Callable[..., Any], wants: tuple[Want, ...], node: Node, goal: Goal | None, where: str
    ) -> Made:
        """Call a rule or combiner with its facts; a missing required fact or a Gap comes back as the value."""
        arguments: dict[str, Any] = {}
        damage: list[Gap] = []
        missing: list[Gap] = []
        for want in wants:
            if want.how is How.GOAL:
                arguments[want.name] = goal
                continue
            if want.how in (How.MANY, How.MANY_OR_GAPS):
                arguments[want.name] = self._many(node, want, damage)
                continue
            made = self._one(node, want)
            damage.extend(made.all_damage)
            if made.is_gap and want.how is How.REQUIRED:
                missing.append(made.value)
                continue
            arguments[want.name] = None if made.is_gap and want.how is How.OPTIONAL else made.value
        if missing:
            return Made(_joined(missing), tuple(damage))
        try:
            value = function(**arguments)
        except Exception as error:
            return self.fault(node, where, f"{type(error).__name__}: {error}")
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
            # a member that is missing makes the tuple shorter: damage, whatever its reason (architecture 3)
            damage.extend((made.value, *made.damage) if made.is_gap else made.damage)
        return tuple(made.value for made in all_made if not made.is_gap or want.how is How.MANY_OR_GAPS)

    def _inner(self, node: Node, level: Level) -> list[Node]:
        """Inner subjects of a level: one for each VM (its running view, else live, else at rest)."""
        wanted = Subject.DOMAIN if level is Level.DOMAIN else Subject.GUEST
        best: dict[str, Node] = {}
        for child in _descend(node):
            if child.subject is wanted:
                key = child.group or f"{child.name}:{id(child)}"
                if key not in best or VIEW_RANK[child.view] < VIEW_RANK[best[key].view]:
                    best[key] = child
        return list(best.values())


def _joined(gaps: list[Gap]) -> Gap:
    """One gap for several missing facts: the first one's words, what would fill any of them."""
    wanted = dict.fromkeys(name for gap in gaps for name in gap.wanted)
    return structs.replace(gaps[0], wanted=tuple(wanted))


VIEW_RANK = {View.RUNNING: 0, View.LIVE: 1, View.AT_REST: 2, None: 3}


def _descend(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _descend(child)


def damage_of(text: Text) -> tuple[Gap, ...]:
    if not text.complete.is_damage:
        return ()
    reason = {
        Completeness.TAIL_ONLY: GapReason.TAIL_ONLY,
        Completeness.TIMED_OUT: GapReason.TIMED_OUT,
        Completeness.DAMAGED: GapReason.DAMAGED,
        Completeness.UNREADABLE: GapReason.UNREADABLE,
    }[text.complete]
    return (Gap((text.name,), reason, text.note, text.place()),)

"""What suppressions hide, and what became of each once every rule has spoken.

A fault counts as hidden whether or not it would have been raised: a suppression that one run does not need, another
with a further goal may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from sevlint import spans, suppress
from sevlint.engine.snapshot import Made, Node, Snapshot
from sevlint.facts.domain import DomainXml
from sevlint.facts.suppressions import Suppressions, Told, Unknown
from sevlint.model import Change, Fail, Goals, Open, Subject, Suppression, change
from sevlint.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevlint.engine.judging import Outcome
    from sevlint.model import RuleInfo
    from sevlint.rule import Rule


class Entries(Struct, frozen=True):
    """The entries of one configuration, and whom it holds for."""

    suppressions: tuple[Suppression, ...]
    nodes: tuple[Node, ...]
    open_source: Callable[[], Source]
    """Makes the configuration an input, for what is to be said of it."""


class _File:
    """The suppressions of one XML file, by rule, and the domains in it."""

    def __init__(self, found: Sequence[Suppression]) -> None:
        self.nodes: list[tuple[int, Node]] = []
        self.all = found
        self.by_rule = _by_rule(found)


class Suppressor:
    """Every suppression of a run. `date` is the day of the run."""

    def __init__(self, snapshot: Snapshot, entries: Sequence[Entries] = (), *, date: str) -> None:
        self._snapshot = snapshot
        self._entries = entries
        self._date = date
        self._files = _files(snapshot)
        self._external = {id(node): _by_rule(one.suppressions) for one in entries for node in one.nodes}
        self._needed: set[tuple[int, str]] = set()

    @property
    def is_empty(self) -> bool:
        """Nobody suppresses anything."""
        return not self._files and not self._external

    def find(self, info: RuleInfo, outcome: Outcome) -> Suppression | None:
        """What hides a failure, or None. Nothing hides what a lent host says: it is evidence."""
        return next((one for one in self._about(info.id, outcome) if suppress.holds(one, self._date)), None)

    def _about(self, rule: str, outcome: Outcome) -> list[Suppression]:
        """Every suppression of a rule that a failure lies in."""
        node, place = outcome.node, outcome.seen[0]
        if node.lent:
            return []
        file = self._files.get((place.source, place.path))
        found = [*(file.by_rule.get(rule, ()) if file else ()), *self._external.get(id(node), {}).get(rule, ())]
        return [one for one in found if suppress.covers(one, place, node.names())] if found else []

    def tell(
        self,
        outcomes: Iterable[Outcome],
        known: Callable[[Iterable[str]], Mapping[str, str]],
        hides: Callable[[RuleInfo, Node], str],
    ) -> list[Node]:
        """The subjects about which there is something to say, each with its Suppressions.

        `known` takes names and returns those that are no rule's, each with what may be meant.
        """
        if self.is_empty:
            return []
        said: dict[str, list[Outcome]] = {}
        for one in outcomes:
            rule = _rule_of(one)
            said.setdefault(rule, []).append(one)
            if isinstance(one.verdict, Fail):
                self._needed.update((id(found), rule) for found in self._about(rule, one))
        return [*self._tell_files(said, known, hides), *self._tell_entries(said, known, hides)]

    def _tell_files(self, said: _Said, known: _Known, hides: _Hides) -> list[Node]:
        about: dict[int, tuple[Node, list[Told]]] = {}
        for file in self._files.values():
            judged = [(element, node) for element, node in file.nodes if node.goals.wanted or node.goals.unclear]
            nodes = _around(node for _, node in file.nodes)
            for one in file.all if judged else ():
                first = one.elements[0] if one.elements else 0
                before = [node for element, node in judged if element <= first]
                node = before[-1] if before else judged[0][1]
                told = self._told(one, nodes, said, known, hides)
                about.setdefault(id(node), (node, []))[1].append(told)
        for node, told_of_it in about.values():
            node.made[Suppressions] = Made(Suppressions(tuple(told_of_it)))
        return [node for node, _ in about.values()]

    def _tell_entries(self, said: _Said, known: _Known, hides: _Hides) -> list[Node]:
        made = []
        for one in self._entries:
            told = []
            for entry in one.suppressions:
                nodes = [node for node in one.nodes if _is_about(entry, node)]
                told.append(self._told(entry, nodes, said, known, hides))
            if not any(each.expired or each.unknown or each.idle for each in told):
                continue
            source = one.open_source()
            placed = (structs.replace(each.suppression.place, source=source.number) for each in told)
            told = [
                structs.replace(each, suppression=structs.replace(each.suppression, place=place))
                for each, place in zip(told, placed, strict=True)
            ]
            node = Node(Subject.DOMAIN, "", source)
            node.outside = source.label
            node.goals = Goals(unclear=True)
            node.made[Suppressions] = Made(Suppressions(tuple(told)))
            made.append(node)
        return made

    def _told(self, one: Suppression, nodes: Sequence[Node], said: _Said, known: _Known, hides: _Hides) -> Told:
        unknown = known(one.rules) if not one.wrong else {}
        rules = [name for name in one.rules if name not in unknown] if suppress.holds(one, self._date) else []
        unneeded = [rule for rule in rules if (id(one), rule) not in self._needed]
        here = {id(node) for node in nodes}
        idle = tuple(rule for rule in unneeded if _is_decided(said.get(rule, ()), here, hides))
        return Told(
            one,
            suppress.has_ended(one, self._date),
            tuple(Unknown(name, near) for name, near in unknown.items()),
            idle,
            tuple(rule for rule in unneeded if rule not in idle),
            _dropped(one, one.rules),
            _dropped(one, unknown),
            _dropped(one, idle),
        )


_Said = dict[str, "list[Outcome]"]
_Known = Callable[[Iterable[str]], "Mapping[str, str]"]
_Hides = Callable[["RuleInfo", Node], str]


def tells_of_suppressions(rule: Rule) -> bool:
    """Whether a rule is about suppressions: it is called when the others have spoken."""
    return any(want.fact is Suppressions for want in rule.wants)


def _rule_of(outcome: Outcome) -> str:
    """A failure's rule; of a card that hit, the card."""
    return (isinstance(outcome.verdict, Fail) and outcome.verdict.card) or outcome.rule.info.id


def has_comments(node: Node) -> bool:
    """Whether the file of a domain outside any host may hold suppressions."""
    file = node.source.files.get(node.outside.rpartition("#")[0])
    return file is None or spans.mentions(file.data, suppress.WORD)


def _files(snapshot: Snapshot) -> dict[tuple[int, str], _File]:
    """Every XML file with a comment of ours; a lent host's are evidence."""
    found: dict[tuple[int, str], _File] = {}
    for node in snapshot.domains:
        made = node.made.get(DomainXml)
        xml = made.value if made is not None else None
        if not isinstance(xml, DomainXml) or node.lent:
            continue
        key = (node.source.number, xml.path)
        if key not in found:
            file = node.source.files.get(xml.path)
            comments = spans.comments(file.data, suppress.WORD) if file is not None else ()
            found[key] = _File(suppress.of_file(comments, xml.path, node.source.number))
        found[key].nodes.append((xml.place.element or 0, node))
    return {key: file for key, file in found.items() if file.all}


def _by_rule(suppressions: Iterable[Suppression]) -> dict[str, list[Suppression]]:
    found: dict[str, list[Suppression]] = {}
    for one in suppressions:
        for rule in one.rules:
            found.setdefault(rule, []).append(one)
    return found


def _around(nodes: Iterable[Node]) -> list[Node]:
    """Domains with their hosts and guests: a failure of any of these may lie in a domain's file."""
    found: dict[int, Node] = {}
    for node in nodes:
        for one in (node, *node.children, *((node.parent,) if node.parent is not None else ())):
            found[id(one)] = one
    return list(found.values())


def _is_about(entry: Suppression, node: Node) -> bool:
    names = node.names()
    return suppress.is_about(entry, names.get("host", ""), names.get("domain", ""))


def _is_decided(outcomes: Iterable[Outcome], nodes: set[int], hides: _Hides) -> bool:
    """Whether a rule looked at these subjects, and could tell of all: only then a suppression of it is idle."""
    mine = [one for one in outcomes if any(id(node) in nodes for node in one.nodes)]
    open_or_hidden = (isinstance(one.verdict, Open) or one.not_there or hides(one.rule.info, one.node) for one in mine)
    return bool(mine) and not any(open_or_hidden)


def _dropped(one: Suppression, names: Iterable[str]) -> tuple[Change, ...]:
    """What takes these rules out of a comment, with the comment where none is left."""
    names = tuple(names)
    if one.external or not names:
        return ()
    if set(names) == set(one.rules):
        return (change.drop(one.place),)
    return (change.put(one.place, suppress.without(one, names)),)

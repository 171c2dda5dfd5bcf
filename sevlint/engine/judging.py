"""Rules -> Outcomes: every rule once for each of its subjects (view, goal)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from sevlint.engine.snapshot import WHOLE
from sevlint.model import (
    Fail,
    Gap,
    GapReason,
    Goal,
    Level,
    NotApplicable,
    Open,
    Pass,
    Place,
    Subject,
    Verdict,
    in_order,
)
from sevlint.rule import How, Rule, Want

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sevlint.engine.snapshot import Node, Snapshot


class Outcome(Struct, frozen=True):
    """One verdict of a rule about a subject; equal ones of several views or goals are one outcome."""

    rule: Rule
    nodes: tuple[Any, ...]
    verdict: Verdict
    goals: frozenset[Goal]
    seen: tuple[Place, ...] = ()
    needs_host: bool = False
    would_pass: bool = False
    """An Open that passes on all there is: only something that was not collected could tell otherwise."""
    not_there: bool = False
    """A NotApplicable because what it looks at was not given: a log, a running domain."""
    of_its_kind: bool = False
    """It stands for all verdicts of its type about domains that are alike."""

    @property
    def node(self) -> Node:
        """The subject (its first view)."""
        return cast("Node", self.nodes[0])


def judge(
    rules: Iterable[Rule],
    snapshot: Snapshot,
    domains: Sequence[Node] | None = None,
    lean: Callable[[Node], bool] | None = None,
) -> list[Outcome]:
    """Every rule once for each of its subjects (view, goal), or of domains for these alone.

    Verdicts do not depend on what is wanted. Of a `lean` domain only what can be shown is worked out: the rules of its
    goals, and of the verdicts that raise nothing the first of each kind in its folder.
    """
    found = snapshot.domains if domains is None else domains
    is_lean = lean or (lambda node: False)
    # a plain domain: nothing can be raised, and 1,000 of them must cost nothing
    asking = _grouped(node for node in found if node.goals.wanted or node.goals.unclear)
    groups = {
        Subject.HOST: [[node] for node in snapshot.hosts],
        Subject.DOMAIN: [group for group in asking if len(group) > 1 or not is_lean(group[0])],
        Subject.GUEST: [[node] for node in snapshot.guests],
    }
    alone = _alike(group[0] for group in asking if len(group) == 1 and is_lean(group[0]))
    outcomes: list[Outcome] = []
    for rule in rules:
        for group in groups[rule.info.about]:
            outcomes += _judge_group(rule, snapshot, group)
        if rule.info.about is Subject.DOMAIN:
            for alike, nodes in alone.items():
                goals = rule.goals & alike.wanted or (rule.goals if rule.info.structure and alike.unclear else _NONE)
                if goals:
                    outcomes += _judge_lean(rule, snapshot, nodes, goals)
    return outcomes


class _Alike(Struct, frozen=True):
    """What lean domains of one folder share: of the verdicts that raise nothing one stands for all."""

    wanted: frozenset[Goal]
    unclear: bool
    has_host: bool
    source: int
    folder: str


def _alike(nodes: Iterable[Node]) -> dict[_Alike, list[Node]]:
    groups: dict[_Alike, list[Node]] = {}
    for node in nodes:
        if node.apart is not None and not node.apart.holds_for(node):
            node.apart = None
        folder = node.outside.rpartition("/")[0]
        goals = node.goals
        kind = _Alike(goals.wanted, bool(goals.unclear), node.parent is not None, node.source.number, folder)
        groups.setdefault(kind, []).append(node)
    return groups


def _grouped(nodes: Iterable[Node]) -> list[list[Node]]:
    groups: dict[str, list[Node]] = {}
    for number, node in enumerate(nodes):
        groups.setdefault(node.group or str(number), []).append(node)
    return list(groups.values())


def _judge_group(rule: Rule, snapshot: Snapshot, group: list[Node]) -> list[Outcome]:
    """All views of one subject."""
    found = []
    for node in group:
        for goal in in_order(rule.goals) if rule.per_goal else (None,):
            found += _judge_one(rule, snapshot, node, goal)
    return _merged(found) if len(found) > 1 else found


def _judge_lean(rule: Rule, snapshot: Snapshot, nodes: list[Node], goals: frozenset[Goal]) -> list[Outcome]:
    """Lean domains that are alike: with facts that are at hand a rule is called at once.

    Of one that another process judged, what it said is taken.
    """
    outcomes: list[Outcome] = []
    counted: set[type] = set()
    plan = [(-1 if want.how is How.GOAL else WHOLE[want.how], want.fact) for want in rule.wants if _is_short(want)]
    is_short = len(plan) == len(rule.wants)
    lacks_host = nodes[0].parent is None and any(
        want.how is How.REQUIRED and want.fact.LEVEL in _OF_HOST  # type: ignore[attr-defined]
        for want in rule.wants
    )
    called = in_order(goals) if rule.per_goal else (None,)
    for node in nodes:
        if node.apart is not None and rule.info.id in node.apart.rules:
            for fields in node.apart.said.get(rule.info.id, ()):
                told = Outcome(rule, (node,), *fields)
                if not (told.of_its_kind and type(told.verdict) in counted):
                    outcomes.append(told)
                if told.of_its_kind:
                    counted.add(type(told.verdict))
                if lacks_host and told.needs_host:
                    return outcomes
            continue
        for goal in called:
            verdict = _at_once(rule, plan, snapshot, node, goal) if is_short else None
            if verdict is None:
                found = _judge_one(rule, snapshot, node, goal)
                outcomes += found
                if lacks_host and any(one.needs_host for one in found):
                    return outcomes
            elif type(verdict) not in counted:
                counted.add(type(verdict))
                shown = verdict.seen if isinstance(verdict, Pass) else ()
                about = rule.goals if goal is None else frozenset({goal})
                outcomes.append(Outcome(rule, (node,), verdict, about, shown, of_its_kind=True))
    return outcomes


def _is_short(want: Want) -> bool:
    """Whether a parameter can be had from a node's own tables."""
    return (want.how in WHOLE or want.how is How.GOAL) and not want.on_host


def _at_once(
    rule: Rule, plan: list[tuple[int, type]], snapshot: Snapshot, node: Node, goal: Goal | None
) -> Pass | NotApplicable | None:
    """A verdict that raises nothing, worked out on whole facts; None for all else, and for a fault.

    `plan`: in which table of whole facts each parameter stands, -1 for the goal.
    """
    whole = node.whole
    for _ in range(2):
        try:
            arguments = [whole[table][fact] if table >= 0 else goal for table, fact in plan]
            break
        except KeyError:
            snapshot.remember(rule.wants, node)
    else:
        return None
    try:
        verdict = rule.function(*arguments)
    except Exception:  # the long way calls it again, and reports the fault
        return None
    return verdict if isinstance(verdict, (Pass, NotApplicable)) else None


_NONE: frozenset[Goal] = frozenset()
_OF_HOST = (Level.HOST, Level.MACHINE)


def _judge_one(rule: Rule, snapshot: Snapshot, node: Node, goal: Goal | None) -> list[Outcome]:
    goals = frozenset({goal}) if goal is not None else rule.goals
    called = snapshot.call(rule.function, rule.wants, node, goal, f"rule {rule.info.id}")
    value = called.value
    if not isinstance(value, Gap) and not _is_said(value):
        value = snapshot.fault(node, f"rule {rule.info.id}", f"returned {type(value).__name__}, no verdict").value
    if isinstance(value, Gap):
        if value.reason is GapReason.NOT_RUNNING:
            return [Outcome(rule, (node,), NotApplicable(value.detail), goals, not_there=True)]
        if node.outside and any("{domain}" in name for name in value.wanted):
            alone = NotApplicable("no log of this domain was given")
            return [Outcome(rule, (node,), alone, goals, not_there=True)]
        unknown = Open(_gap_words(value, node, snapshot), value.wanted)
        return [Outcome(rule, (node,), unknown, goals, needs_host=_lacks_host(rule, node, value))]
    verdicts: Sequence[Verdict] = value if isinstance(value, (list, tuple)) else (value,)
    outcomes = []
    for said in verdicts:
        verdict: Verdict = said
        if isinstance(verdict, Pass) and called.damage:
            wanted = dict.fromkeys(name for gap in called.damage for name in gap.wanted)
            verdict = Open(f"it would pass, but {_gap_words(called.damage[0], node, snapshot)}", tuple(wanted))
        seen = verdict.seen if isinstance(verdict, (Pass, Fail)) else ()
        only_absent = verdict is not said and all(gap.reason is GapReason.ABSENT for gap in called.damage)
        lacks = isinstance(verdict, Open) and verdict is said and _wants_a_host(verdict, node)
        outcomes.append(Outcome(rule, (node,), verdict, goals, seen, lacks, only_absent))
    return outcomes


def _is_said(value: Any) -> bool:
    """A verdict, or several Fails: a rule that says nothing has a fault."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(one, Fail) for one in value)
    return isinstance(value, (Pass, Fail, Open, NotApplicable))


def _wants_a_host(verdict: Open, node: Node) -> bool:
    """Whether what a rule itself asks for is a host's, and no real one was given."""
    without = node.subject is Subject.DOMAIN and (node.host is None or node.host.is_target)
    return without and bool(verdict.wanted) and not any(_is_of_a_domain(name) for name in verdict.wanted)


def _lacks_host(rule: Rule, node: Node, gap: Gap) -> bool:
    """Whether a host, and nothing else, would decide it: the missing fact is a host's, and none was given."""
    if (node.host is not None and not node.host.is_target) or gap.reason not in (
        GapReason.NO_SUBJECT,
        GapReason.ABSENT,
    ):
        return False
    levels = {want.fact.LEVEL for want in rule.wants if want.how is not How.GOAL}  # type: ignore[attr-defined]
    of_host = {Level.HOST, Level.MACHINE} if node.subject is Subject.DOMAIN else {Level.HOST}
    return gap.reason is GapReason.NO_SUBJECT or (bool(levels & of_host) and not _is_of_domain(gap))


def _is_of_domain(gap: Gap) -> bool:
    return any(_is_of_a_domain(name) for name in gap.wanted)


def _is_of_a_domain(name: str) -> bool:
    return "libvirt/qemu/" in name or name == "domain.xml"


def _gap_words(gap: Gap, node: Node, snapshot: Snapshot) -> str:
    if gap.reason is GapReason.NO_SUBJECT:
        return gap.detail
    names = (snapshot.shown(node, name) for name in gap.wanted[:3])
    subject = gap.place.path if gap.place else " or ".join(names) or "the evidence"
    words = f"{subject} {gap.reason.value}"
    return f"{words}: {gap.detail}" if gap.detail else words


def _merged(outcomes: list[Outcome]) -> list[Outcome]:
    """Outcomes that say the same of several views or goals become one.

    Of several Fails with the same words in one call the first is merged with the first of the other calls, the second
    with the second: two misspelt elements stay two.
    """
    merged: dict[tuple[Any, ...], Outcome] = {}
    counts: dict[tuple[Any, ...], int] = {}
    for one in outcomes:
        verdict = one.verdict
        extra: tuple[Any, ...] = ()
        if isinstance(verdict, Fail):
            extra = (verdict.value, verdict.severity, verdict.confidence, verdict.card)
        words = (type(verdict).__name__, verdict.because, *extra)
        call = (*words, id(one.node), one.goals)
        number = counts[call] = counts.get(call, 0) + 1
        key = (*words, number)
        before = merged.get(key)
        if before is None:
            merged[key] = one
        else:
            merged[key] = _joined(before, one)
    return list(merged.values())


def _joined(before: Outcome, one: Outcome) -> Outcome:
    nodes = before.nodes if one.node in before.nodes else (*before.nodes, one.node)
    seen = tuple(dict.fromkeys((*before.seen, *one.seen)))
    verdict = before.verdict
    if isinstance(verdict, Open) and isinstance(one.verdict, Open):
        verdict = Open(verdict.because, tuple(dict.fromkeys((*verdict.wanted, *one.verdict.wanted))))
    needs_host = before.needs_host and one.needs_host
    would_pass = before.would_pass and one.would_pass
    not_there = before.not_there and one.not_there
    return Outcome(one.rule, nodes, verdict, before.goals | one.goals, seen, needs_host, would_pass, not_there)

"""Rules -> Outcomes: every rule once for each of its subjects (view, goal)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from sevlint.model import (
    Fail,
    Gap,
    GapReason,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Place,
    Subject,
    Verdict,
    in_order,
)
from sevlint.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevlint.engine.snapshot import Node, Snapshot


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
        if node.outside and any("{domain}" in name for name in value.wanted):
            alone = NotApplicable("no log of this domain was given")
            return [Outcome(rule, (node,), alone, goals)]
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

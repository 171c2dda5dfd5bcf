"""Outcomes -> what a host can run: ready, blocked at a rung, or unknown, for each goal.

KVM's own decision is the proof: where it said yes, what could not be read of the rungs below it is of no weight; what
comes after it (firmware, device, QEMU and libvirt) must be known too (amd-host 0, 9 #5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sevlint import clean
from sevlint.engine.reporting import headline, spans_of
from sevlint.facts.goals import HostGoalSigns
from sevlint.facts.room import GuestRoom
from sevlint.model import (
    AmdRung,
    CgroupLimit,
    Fail,
    Goal,
    GoalReadiness,
    HostReadiness,
    NotApplicable,
    Open,
    Pass,
    Report,
    RuleInfo,
    Severity,
    State,
    Subject,
    TdxRung,
)

if TYPE_CHECKING:
    from sevlint.engine.judging import Outcome
    from sevlint.engine.snapshot import Node, Snapshot

Cards = Mapping[str, RuleInfo]

_PROOF = int(AmdRung.KVM)
_AFTER_ALL = int(AmdRung.PSP_FIRMWARE)
_LAST = int(AmdRung.STACK)
"""Rungs of the host itself; both ladders number these, and the CPU's, alike."""


def host_readiness(
    outcomes: Sequence[Outcome], snapshot: Snapshot, report: Report, goals: Iterable[Goal], cards: Cards
) -> tuple[HostReadiness, ...]:
    """Every host and goal; what blocks a goal as the report words it."""
    goals = tuple(goals)
    return tuple(
        HostReadiness(
            clean.printable(node.name),
            clean.printable(headline(node, snapshot)),
            clean.printable(node.notice),
            tuple(_worded(state_of(outcomes, node, goal, cards), node, snapshot, report) for goal in goals),
        )
        for node in snapshot.hosts
    )


def outlook(outcomes: Sequence[Outcome], node: Node, snapshot: Snapshot, cards: Cards) -> str:
    """One line for a host whose goal is not known: what its CPU could run, and how far it would get."""
    signs = snapshot.get(node, HostGoalSigns)
    states = [state_of(outcomes, node, goal, cards) for goal in (signs.capable if signs is not None else ())]
    ready = [one.goal.value.upper() for one in states if one.state is State.READY]
    blocked = [f"{one.goal.value.upper()} blocked by {one.rules[0]}" for one in states if one.state is State.BLOCKED]
    return "; ".join([f"ready for {', '.join(ready)}", *blocked] if ready else blocked)


def state_of(outcomes: Iterable[Outcome], node: Node, goal: Goal, cards: Cards) -> GoalReadiness:
    """Whether this host can run guests of this goal now."""
    found = [
        (rung, info, one.verdict)
        for one in outcomes
        if one.node is node and one.rule.info.about is Subject.HOST and not one.would_pass
        for info in (_info(one, cards),)
        for on, rung in info.rungs
        if on is goal and goal in (info.goals if info.card else one.goals)
    ]
    found.sort(key=lambda item: (item[0], item[1].id))
    failed = [(rung, info) for rung, info, verdict in found if _is_error(info, verdict)]
    if failed:
        return _blocked(failed, goal)
    proven = any(rung == _PROOF and isinstance(verdict, Pass) for rung, _, verdict in found)
    least = _AFTER_ALL if proven else 0
    unread = [
        (info.id, verdict.because)
        for rung, info, verdict in found
        if isinstance(verdict, Open) and least <= rung <= _LAST
    ]
    if unread:
        return GoalReadiness(goal, State.UNKNOWN, rules=tuple(rule for rule, _ in unread), because=unread[0][1])
    if not proven:
        silent = (
            verdict.because for rung, _, verdict in found if rung == _PROOF and isinstance(verdict, NotApplicable)
        )
        return GoalReadiness(goal, State.UNKNOWN, because=next(silent, "nothing tells what KVM decided"))
    return GoalReadiness(goal, State.READY)


def _info(one: Outcome, cards: Cards) -> RuleInfo:
    card = one.verdict.card if isinstance(one.verdict, Fail) else ""
    return cards.get(card, one.rule.info)


def _is_error(info: RuleInfo, verdict: object) -> bool:
    severities = (None, Severity.ERROR)
    return isinstance(verdict, Fail) and info.severity is Severity.ERROR and verdict.severity in severities


def _blocked(failed: list[tuple[int, RuleInfo]], goal: Goal) -> GoalReadiness:
    """The causes among what fails; the symptoms where no cause is known; the CPU alone where that cannot do it."""
    failed = [(rung, info) for rung, info in failed if rung == AmdRung.CPU] or failed
    ids = {info.id for _, info in failed}
    first = [(rung, info) for rung, info in failed if not ids.intersection(info.because_of)] or failed
    chosen = [(rung, info) for rung, info in first if not info.symptom] or first
    name = (TdxRung if goal is Goal.TDX else AmdRung)(chosen[0][0]).name.lower().replace("_", "-")
    return GoalReadiness(goal, State.BLOCKED, name, tuple(dict.fromkeys(info.id for _, info in chosen)))


def _worded(state: GoalReadiness, node: Node, snapshot: Snapshot, report: Report) -> GoalReadiness:
    """With findings, what to collect, and how many more guests fit."""
    name = clean.printable(node.name)
    if state.state is State.BLOCKED:
        mine = [one for one in report.findings if one.host == name and one.subject is Subject.HOST]
        mine = [one for one in mine if state.goal in one.goals and one.rule in state.rules]
        return replace(state, findings=tuple(sorted(mine, key=lambda one: state.rules.index(one.rule))))
    if state.state is State.UNKNOWN:
        wanted = set(state.rules)
        collect = [one for one in report.collect if name in one.machines and wanted.intersection(one.decides)]
        return replace(state, because=clean.printable(clean.mask(state.because)), collect=tuple(collect))
    room = snapshot.get(node, GuestRoom)
    pool = room.of(state.goal) if room is not None else None
    if pool is None:
        return state
    held = pool.allowance
    cgroup = None
    if held is not None:
        (span,) = spans_of((held.place,), snapshot)
        cgroup = CgroupLimit(span.path, held.number, held.taken)
    return replace(state, because=pool.unknown, left=pool.left, limit=pool.of, shared=pool.goals, cgroup=cgroup)

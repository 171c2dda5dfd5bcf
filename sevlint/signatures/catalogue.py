"""The rules of the cards: one for each program and subject, not one for each card (architecture 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.facts.log import KernelLog, QemuLog
from sevlint.model import Fail, Goal, NotApplicable, Open, Pass, Remedy, RuleInfo, Severity, Subject, Verdict, in_order
from sevlint.rule import How, Rule, Want
from sevlint.signatures.cards import Card, info_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def card_infos(cards: Iterable[Card]) -> dict[str, RuleInfo]:
    """Each `finding` card as a rule, by id."""
    return {card.id: info_of(card) for card in cards if card.finding is not None}


def catalogue_rules(cards: Iterable[Card]) -> list[Rule]:
    """One rule for each program and subject that has finding cards."""
    groups: dict[tuple[str, Subject], list[Card]] = {}
    known: dict[tuple[str, Subject], list[Card]] = {}
    for card in cards:
        for about in card.about:
            known.setdefault((card.program, about), []).append(card)
            if card.finding is not None:
                groups.setdefault((card.program, about), []).append(card)
    return [
        _rule(program, about, found, known[program, about])
        for (program, about), found in sorted(groups.items(), key=_key)
    ]


def _key(item: tuple[tuple[str, Subject], list[Card]]) -> tuple[str, str]:
    (program, about), _ = item
    return program, about.value


def _rule(program: str, about: Subject, findings: list[Card], known: list[Card]) -> Rule:
    goals = frozenset(goal for card in findings if card.finding for goal in card.finding.goals)
    fact = QemuLog if about is Subject.DOMAIN else KernelLog
    identity = f"{program.replace('_', '-').lower()}-messages" + ("" if about is Subject.HOST else f"-{about.value}")
    title = f"Known messages of {program}"
    why = f"A message of {program} that is known to mean trouble explains what follows from it."
    fix = "Each message has a page of its own: `sevlint explain` and the id of the finding."
    ids = ", ".join(card.id for card in findings)
    info = RuleInfo(
        id=identity,
        pack="logs",
        title=title,
        about=about,
        severity=min((info_of(card).severity for card in findings), key=lambda one: one.rank, default=Severity.NOTE),
        goals=in_order(goals),
        why=why,
        fix=fix,
        refs=tuple(dict.fromkeys(card.source for card in findings if card.source)),
        rungs=_lowest(info_of(card) for card in findings),
        page=f"{title}.\n\nWhy    {why}\nFix    {fix}\n\nThey are: {ids}.",
        distribution=findings[0].distribution,
        file=findings[0].file,
    )
    return Rule(info, _judge(program, findings, known), (Want("log", fact, How.REQUIRED),), goals, None, False)


def _lowest(infos: Iterable[RuleInfo]) -> tuple[tuple[Goal, int], ...]:
    """The lowest rung of each goal: where a log cannot tell, that much is not known."""
    found: dict[Goal, int] = {}
    for goal, rung in (pair for info in infos for pair in info.rungs):
        found[goal] = min(rung, found.get(goal, rung))
    return tuple((goal, found[goal]) for goal in in_order(found))


def _judge(program: str, findings: list[Card], known: list[Card]) -> Callable[..., Verdict | Sequence[Fail]]:
    ids = {card.id: card for card in findings}
    speaks = {card.id for card in known}
    wanted = ("var/log/libvirt/qemu/{domain}.log",) if findings[0].log == "qemu" else ("cmd/journal-boot",)

    def judge(log: KernelLog | QemuLog) -> Verdict | Sequence[Fail]:
        fails: dict[tuple[str, str], Fail] = {}
        for line in log.hits:
            card = ids.get(line.card)
            if card is None or card.finding is None or line.mended:
                continue
            words = ((name, code.words) for name, code in line.codes)
            because = card.finding.message.format_map(_Groups((*line.groups, *words)))
            before = fails.get((card.id, because))
            seen = (*before.seen[:2], line.place) if before else (line.place,)
            value = ",".join(f"{name}={text}" for name, text in line.groups)
            remedy = Remedy((line.error and line.error.action) or card.finding.fix)
            fails[card.id, because] = Fail(because, seen, remedy, card=card.id, value=value)
        if fails:
            return tuple(fails.values())
        if not any(line.card in speaks for line in log.hits):
            return NotApplicable(f"{program} says nothing in this log")
        if not log.whole:
            return Open(f"{program}: {log.why_not_whole}", wanted)
        none = f"none of {len(ids)} known messages in {log.lines} lines of log"
        mended = tuple(line for line in log.hits if line.mended and line.card in ids)
        if mended:
            none += f" stands; a later line mends {', '.join(dict.fromkeys(line.card for line in mended))}"
        return Pass(none, (log.place, *(line.place for line in mended[:2])))

    return judge


class _Groups(dict[str, str]):
    """Captures for a headline; one that did not take part leaves nothing."""

    def __missing__(self, key: str) -> str:
        return ""

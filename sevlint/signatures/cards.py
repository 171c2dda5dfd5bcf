"""Log cards: one known line each, in the YAML file of the program that prints it (architecture 5).

A file holds `program`, `log` ("kernel" or "qemu") and `cards`. A card has an `id`, a `literal` that every such line
holds (or a list, of which it holds one), a `regex` with named groups that is matched at the start of the message,
`match` and `near-miss` lines, and tells any of: `finding`, `evidence-of`, `fact`, `harmless`. `means` says what such a
line means where none of these does. `mended-by` names cards whose line, later in the same log, proves that the trouble
is over. `decode: {GROUP: sev-firmware}` gives a capture's number its meaning: a message then shows both, and the code's
usual action is the fix. What the program `audit` says is also heard in the log of auditd, which has a form of its own.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from sevlint.errors import RuleDefinitionError
from sevlint.facts.codes import DECODERS
from sevlint.model import Confidence, Goal, RuleInfo, Severity, Subject, in_order, rungs_of
from sevlint.rule import refs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sevlint.facts.log import Code

_FORBIDDEN = re.compile(r"\(\?(?:[=!]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9]|(?<!\\)\)(?:[*+]|\{\d*,\})")
"""Look-around, backreferences, and groups repeated without bound: what is left is linear in the line's length."""

_PARTS = 32
"""Parts of a QEMU message, divided by ": ", at which a card may match: a line of 64 KiB can hold 30,000."""


class Finding(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How a card is raised: as a rule is."""

    severity: Severity | dict[Goal, Severity]
    goals: tuple[Goal, ...]
    message: str
    """The headline; `{group}` stands for a capture."""
    title: str
    why: str
    fix: str
    rung: str = ""
    symptom: bool = False
    because_of: tuple[str, ...] = ()
    confidence: Confidence = Confidence.HIGH


class Card(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One known line."""

    id: str
    literal: str | tuple[str, ...]
    regex: str
    match: tuple[str, ...]
    near_miss: tuple[str, ...] = ()
    about: tuple[Subject, ...] = (Subject.HOST,)
    versions: str = ""
    source: str = ""
    finding: Finding | None = None
    evidence_of: tuple[str, ...] = ()
    fact: str = ""
    harmless: str = ""
    means: str = ""
    mended_by: tuple[str, ...] = ()
    """A hit counts only if no line of these cards comes after it in the same log."""
    decode: dict[str, str] = {}
    """Captures whose numbers have a meaning, each with the name of its table."""
    program: str = ""
    log: str = "kernel"
    distribution: str = "sevlint_rules"
    file: str = ""

    @property
    def literals(self) -> tuple[str, ...]:
        """One of these is in every line of this card."""
        return (self.literal,) if isinstance(self.literal, str) else self.literal

    @property
    def meaning(self) -> str:
        """What a line of this card says."""
        return self.means or self.harmless or (self.finding.why if self.finding else self.fact)

    def is_heard_in(self, kind: str) -> bool:
        """Whether a log of this kind may hold such a line."""
        return self.program == "audit" if kind == "audit" else self.log == kind

    def decoded(self, groups: Iterable[tuple[str, str]]) -> tuple[tuple[str, Code], ...]:
        """The captures that have a meaning, with it, in the order of `decode`."""
        texts = dict(groups) if self.decode else {}
        told = ((name, DECODERS[table](texts[name])) for name, table in self.decode.items() if name in texts)
        return tuple((name, code) for name, code in told if code is not None)

    def search(self, text: str) -> re.Match[str] | None:
        """The match in a message: at its start in a kernel log, also behind ": " in a QEMU log."""
        pattern = compiled(self.regex)
        if self.log == "kernel":
            return pattern.match(text)
        at = len(text) - len(text.lstrip())
        for _ in range(_PARTS):
            found = pattern.match(text, at)
            at = text.find(": ", at) + 2
            if found is not None or at == 1:
                return found
        return None


@lru_cache(maxsize=4096)
def compiled(regex: str) -> re.Pattern[str]:
    """Compiled on first use: most cards never meet their literal."""
    return re.compile(regex)


def load_cards(paths: Iterable[tuple[str, str]]) -> tuple[Card, ...]:
    """Every card of these (file, distribution) pairs. Raises RuleDefinitionError that names file and card."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    cards: dict[str, Card] = {}
    for path, distribution in paths:
        try:
            with open(path, encoding="utf-8") as file:
                content = yaml.load(file, Loader=loader)
            common = {"program": content["program"], "log": content.get("log", "kernel")}
            common |= {"distribution": distribution, "file": os.path.basename(path)}
            entries = list(content["cards"])
        except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            raise RuleDefinitionError(f"{path}: is no file of cards: {error}") from error
        for entry in entries:
            card = _card({**common, **entry}, path)
            if card.id in cards:
                raise RuleDefinitionError(f"{path}: two cards have the id {card.id}")
            cards[card.id] = card
    for card in cards.values():
        unknown = [one for one in card.mended_by if one not in cards or cards[one].log != card.log]
        if unknown:
            raise RuleDefinitionError(f"{card.file}: card {card.id}: mended-by: no such card: {', '.join(unknown)}")
    return tuple(cards.values())


def _card(entry: Mapping[str, Any], path: str) -> Card:
    where = f"{path}: card {entry.get('id')}"
    try:
        card = msgspec.convert(entry, Card, strict=False)
    except msgspec.ValidationError as error:
        raise RuleDefinitionError(f"{where}: {error}") from error
    if _FORBIDDEN.search(card.regex):
        raise RuleDefinitionError(f"{where}: look-around, backreferences and unbounded groups are not allowed")
    try:
        groups = re.compile(card.regex).groupindex
        if card.finding is not None:
            rungs_of(card.finding.rung, card.finding.goals)
    except re.error as error:
        raise RuleDefinitionError(f"{where}: regex: {error}") from error
    except KeyError as error:
        raise RuleDefinitionError(f"{where}: no rung is called {card.finding and card.finding.rung}") from error
    unknown = [name for name, table in card.decode.items() if name not in groups or table not in DECODERS]
    if unknown:
        raise RuleDefinitionError(f"{where}: decode: no such group or table: {', '.join(unknown)}")
    if not (card.finding or card.evidence_of or card.fact or card.harmless):
        raise RuleDefinitionError(f"{where}: tells nothing: finding, evidence-of, fact or harmless")
    return card


def info_of(card: Card) -> RuleInfo:
    """A `finding` card as a rule."""
    finding = card.finding
    assert finding is not None
    severities = finding.severity if isinstance(finding.severity, dict) else {}
    worst = min(severities.values(), key=lambda one: one.rank) if severities else finding.severity
    page = f"{finding.title}.\n\nWhy    {finding.why}\nFix    {finding.fix}\nRefs   {card.source}"
    return RuleInfo(
        id=card.id,
        pack="logs",
        title=finding.title,
        about=card.about[0],
        severity=worst if isinstance(worst, Severity) else Severity.NOTE,
        goals=in_order(finding.goals),
        why=finding.why,
        fix=finding.fix,
        refs=refs_of(card.source),
        page=page,
        severities=tuple((goal, severities[goal]) for goal in in_order(severities)),
        rungs=rungs_of(finding.rung, finding.goals),
        symptom=finding.symptom,
        because_of=finding.because_of,
        confidence=finding.confidence,
        card=True,
        distribution=card.distribution,
        file=card.file,
    )

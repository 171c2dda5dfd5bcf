"""Rules and combiners: functions whose annotations say what they need.

To the engine both are the same: a function called with facts. A combiner makes a fact, a rule makes a verdict.
What annotations mean (architecture: a rule says once whom it judges, a fact type states its level):

    F                 required; looked up at the subject and outward from it. Missing: the rule is Open.
    F | None          optional.
    F | Gap           the gap is handed over; only such a rule may Fail on it.
    tuple[F, ...]     of an inner subject: every one's. For a Reading: every file's.
    tuple[F | Gap, ...]  the same, with those that could not be had.
    OnHost[F]         the host's machine fact in a guest rule.
    goal: Goal        the rule is called once for each goal that it serves.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar, Union

from msgspec import Struct

from sevlint.errors import RuleDefinitionError
from sevlint.facts.base import Fact, Reading
from sevlint.model import (
    CONFIDENTIAL,
    Confidence,
    Fail,
    Gap,
    Goal,
    Level,
    RuleInfo,
    Rung,
    Severity,
    Structure,
    Subject,
    Verdict,
    in_order,
    rungs_of,
)

_F = TypeVar("_F")
_ON_HOST = "on host"
OnHost = Annotated[_F, _ON_HOST]
"""`OnHost[F]`: the host's machine fact, asked for by a guest rule."""


class How(Enum):
    """How a parameter takes its fact."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    GAP = "gap"
    MANY = "many"
    MANY_OR_GAPS = "many or gaps"
    GOAL = "goal"


class Want(Struct, frozen=True):
    """One parameter of a rule or combiner."""

    name: str
    fact: type
    how: How
    on_host: bool = False


class Combiner(Struct, frozen=True):
    """Facts and readings -> one fact (or a Gap)."""

    makes: type
    function: Callable[..., Any]
    wants: tuple[Want, ...]
    name: str


class Rule(Struct, frozen=True):
    """A rule as the engine runs it. `goals` are those it serves; `per_goal`: called once for each."""

    info: RuleInfo
    function: Callable[..., Verdict | Sequence[Fail]]
    wants: tuple[Want, ...]
    goals: frozenset[Goal]
    severities: Mapping[Goal, Severity] | None
    per_goal: bool


def read_wants(function: Callable[..., Any], where: str) -> tuple[tuple[Want, ...], Any]:
    """The parameters and the return annotation of a rule or combiner. Raises RuleDefinitionError."""
    hints = dict(function.__annotations__)
    if any(isinstance(hint, str) for hint in hints.values()):  # a module with postponed annotations
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except NameError as error:
            raise RuleDefinitionError(f"{where}: annotation not found at run time: {error}") from error
    makes = hints.pop("return", None)
    return tuple(_want(name, hint, where) for name, hint in hints.items()), makes


def _want(name: str, hint: Any, where: str) -> Want:
    origin = typing.get_origin(hint)
    if hint is Goal:
        return Want(name, Goal, How.GOAL)
    if origin is Annotated:
        inner, mark = typing.get_args(hint)
        if mark == _ON_HOST:
            want = _want(name, inner, where)
            return Want(name, want.fact, want.how, on_host=True)
    if origin is tuple:
        kind, *rest = typing.get_args(hint)
        if rest == [Ellipsis] and _is_fact(kind):
            return Want(name, kind, How.MANY)
        members = typing.get_args(kind)
        if rest == [Ellipsis] and len(members) == 2 and members[1] is Gap and _is_fact(members[0]):
            return Want(name, members[0], How.MANY_OR_GAPS)
    if origin in (Union, types.UnionType):
        members = typing.get_args(hint)
        facts = [member for member in members if member not in (type(None), Gap)]
        if len(facts) == 1 and len(members) == 2:
            inner = _want(name, facts[0], where)
            if inner.how is How.REQUIRED:
                return Want(name, inner.fact, How.GAP if Gap in members else How.OPTIONAL, inner.on_host)
    if _is_fact(hint):
        return Want(name, hint, How.REQUIRED)
    raise RuleDefinitionError(f"{where}: parameter {name!r} asks for {hint!r}, which the engine cannot supply")


def _is_fact(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Fact)


def combiner(function: Callable[..., Any]) -> Combiner:
    """Declare a combiner; its return annotation (`F` or `F | Gap`) is the fact it makes."""
    where = f"{function.__module__}.{function.__name__}"
    wants, makes = read_wants(function, where)
    if typing.get_origin(makes) in (Union, types.UnionType):
        makes = next((member for member in typing.get_args(makes) if member is not Gap), None)
    if not _is_fact(makes):
        raise RuleDefinitionError(f"{where}: a combiner returns a fact (or a Gap), not {makes!r}")
    for want in wants:
        if want.how is How.GOAL:
            raise RuleDefinitionError(f"{where}: a fact is true whatever the goal; only rules take one")
        _check_level(want, _SUBJECT_OF[makes.LEVEL], where, readings=True)
    return Combiner(makes, function, wants, where)


def rule(
    *,
    about: Subject,
    severity: Severity | Mapping[Goal, Severity],
    goals: frozenset[Goal] | set[Goal] | Structure,
    rung: Rung | Mapping[Goal, Rung] | None = None,
    symptom: bool = False,
    because_of: tuple[str, ...] = (),
    confidence: Confidence = Confidence.HIGH,
) -> Callable[[Callable[..., Verdict | Sequence[Fail]]], Rule]:
    """Declare a rule; its id is the module's name in kebab case, its page the module's docstring.

    `rung` places it on a ladder (a mapping where goals differ); `symptom` says that it only observes an effect and
    folds under a broken lower rung; `because_of` names the few causes off the ladder. Registers nothing. Raises
    RuleDefinitionError.
    """

    def declare(function: Callable[..., Verdict | Sequence[Fail]]) -> Rule:
        import sys

        module = sys.modules[function.__module__]
        parts = function.__module__.split(".")
        served = CONFIDENTIAL if isinstance(goals, Structure) else frozenset(goals)
        page = page_of(module.__doc__ or "")
        severities = severity if isinstance(severity, Mapping) else None
        worst = min(severities.values(), key=lambda one: one.rank) if severities else severity
        info = RuleInfo(
            id=parts[-1].replace("_", "-"),
            pack=parts[-2] if len(parts) > 1 else "",
            title=page["title"],
            about=about,
            severity=typing.cast("Severity", worst),
            goals=in_order(served),
            why=page["why"],
            fix=page["fix"],
            refs=refs_of(page["refs"]),
            page=page["page"],
            severities=tuple((goal, severities[goal]) for goal in in_order(severities)) if severities else (),
            structure=isinstance(goals, Structure),
            rungs=rungs_of(rung, served),
            symptom=symptom,
            because_of=because_of,
            confidence=confidence,
            distribution=parts[0],
            file=f"{parts[-1]}.py",
        )
        where = f"rule {info.id}"
        if not info.title or not info.why or not info.refs:
            raise RuleDefinitionError(f"{where}: its docstring needs a title line and the sections Why, Fix and Refs")
        wants, _ = read_wants(function, where)
        for want in wants:
            _check_level(want, about, where)
        return Rule(info, function, wants, served, severities, any(want.how is How.GOAL for want in wants))

    return declare


_OUTWARD = {
    Subject.HOST: {Level.HOST, Level.MACHINE},
    Subject.DOMAIN: {Level.DOMAIN, Level.HOST, Level.MACHINE},
    Subject.GUEST: {Level.GUEST, Level.DOMAIN, Level.HOST, Level.MACHINE},
}


_SUBJECT_OF = {
    Level.HOST: Subject.HOST,
    Level.MACHINE: Subject.GUEST,
    Level.DOMAIN: Subject.DOMAIN,
    Level.GUEST: Subject.GUEST,
}
"""About whom a fact of each level is made; a machine's is a guest's at the narrowest."""


def _check_level(want: Want, about: Subject, where: str, *, readings: bool = False) -> None:
    if want.how is How.GOAL:
        return
    level: Level = want.fact.LEVEL  # type: ignore[attr-defined]
    if issubclass(want.fact, Reading):
        if readings:
            return
        raise RuleDefinitionError(f"{where}: {want.fact.__name__} is a reading; rules ask for facts")
    if want.on_host and level not in (Level.HOST, Level.MACHINE):
        raise RuleDefinitionError(f"{where}: {want.fact.__name__} is of a {level.value}, not of the host")
    outward = level in _OUTWARD[about]
    many = want.how in (How.MANY, How.MANY_OR_GAPS)
    if many and outward and not (about is Subject.HOST and level is Level.MACHINE):
        raise RuleDefinitionError(f"{where}: tuple[{want.fact.__name__}, ...] is for inner subjects")
    if not many and not outward:
        raise RuleDefinitionError(f"{where}: {want.fact.__name__} is of a {level.value}, ask for a tuple of them")


def refs_of(text: str) -> tuple[str, ...]:
    """The sources of a page: parted by semicolons, but not those inside brackets."""
    parts: list[str] = []
    depth = 0
    for piece in text.split(";"):
        if depth:
            parts[-1] += f";{piece}"
        else:
            parts.append(piece)
        depth += piece.count("(") - piece.count(")")
    return tuple(part.strip() for part in parts if part.strip())


_SECTIONS = ("Why", "Fix", "Refs")


def page_of(doc: str) -> dict[str, str]:
    """A rule's page cut into `title`, `why`, `fix`, `refs` (paragraphs joined to one line) and the whole `page`."""
    lines = doc.strip("\n").split("\n")
    first = lines[0].strip() if lines else ""
    body = "\n".join(lines[1:]).strip("\n")
    page = {"title": first.rstrip("."), "page": f"{first}\n\n{body}".strip(), "why": "", "fix": "", "refs": ""}
    section = ""
    for line in body.split("\n"):
        word = line.split(" ", 1)[0]
        if word in _SECTIONS and not line.startswith(" "):
            section = word.lower()
            page[section] = line[len(word) :].strip()
        elif section and line.startswith(" ") and line.strip():
            page[section] = f"{page[section]} {line.strip()}".strip()
        elif line.strip():
            section = ""
    return page

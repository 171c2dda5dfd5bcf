"""A YAML file of one kind -> the same Rule that Python makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import msgspec

from sevlint.errors import RuleDefinitionError
from sevlint.model import RuleInfo, Severity, in_order, rungs_of
from sevlint.rule import Rule, refs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sevlint.declared.base import Declared


def load_declared(path: str, kinds: Mapping[str, type[Declared]], distribution: str) -> Rule:
    """A rule from its file; its id is the file's name. Raises RuleDefinitionError."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleDefinitionError(f"{path}: {error}") from error
    kind = kinds.get(str(content.get("kind", ""))) if isinstance(content, dict) else None
    if kind is None:
        raise RuleDefinitionError(f"{path}: `kind` must be one of {', '.join(kinds)}")
    try:
        declared = msgspec.convert(content, kind)
        declared.check()
        info = _info(path, declared, distribution)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        raise RuleDefinitionError(f"{path}: {error}") from error
    severities = declared.severity if isinstance(declared.severity, dict) else None
    judge = cast("Callable[..., Any]", getattr(declared, "judge"))  # noqa: B009 - each kind types its own
    return Rule(info, judge, declared.wants(), frozenset(declared.goals), severities, False)


def _info(path: str, declared: Declared, distribution: str) -> RuleInfo:
    severities = declared.severity if isinstance(declared.severity, dict) else {}
    worst = min(severities.values(), key=lambda one: one.rank) if severities else declared.severity
    refs = refs_of(declared.refs)
    page = f"{declared.title}.\n\nWhy    {declared.why}\nFix    {declared.fix}\nRefs   {'; '.join(refs)}"
    return RuleInfo(
        id=os.path.basename(path).removesuffix(".yaml"),
        pack=os.path.basename(os.path.dirname(path)),
        title=declared.title,
        about=declared.about,
        severity=worst if isinstance(worst, Severity) else Severity.NOTE,
        goals=in_order(declared.goals),
        why=declared.why,
        fix=declared.fix,
        refs=refs,
        page=page,
        severities=tuple((goal, severities[goal]) for goal in in_order(severities)),
        rungs=rungs_of(declared.rung, declared.goals),
        symptom=declared.symptom,
        confidence=declared.confidence,
        distribution=distribution,
        file=os.path.basename(path),
    )

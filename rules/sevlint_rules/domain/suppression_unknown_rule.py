"""A suppression names a rule that there is not.

Why    A misspelt suppression hides nothing, and what it was meant to hide is told all the same.
Fix    Spell the rule as `sevlint rules` does, or take it out.
Refs   sevlint: README.md, Suppressions

A pack is no rule here: a suppression hides what its reason speaks of, and nothing that a later version finds.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, Needs, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.suppressions import Suppressions


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(found: Suppressions) -> Verdict | Sequence[Fail]:
    fails = []
    for one in found.all:
        if one.unknown:
            names = ", ".join(each.name for each in one.unknown)
            because = "; ".join(f"no rule is called {each.name!r}{each.near}" for each in one.unknown)
            meant = any(each.near for each in one.unknown)
            text = "spell it as `sevlint rules` does, or take it out"
            remedy = edit(text, "", *one.drop_unknown, safe=not meant, needs=Needs.NONE)
            fails.append(Fail(f"a suppression hides nothing: {because}", (one.place,), remedy=remedy, value=names))
    return fails or Pass("every suppressed rule is one", found.places)

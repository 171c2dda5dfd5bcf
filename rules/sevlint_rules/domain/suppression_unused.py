"""A suppression hides nothing.

Why    It would hide the fault unseen if it came back, and readers take it for a fault that is there.
Fix    Remove it, or take the rule out of it.
Refs   sevlint: README.md, Suppressions

Told only where the rule looked at this domain and could tell: a rule that is open, that did not run, or whose findings
are hidden otherwise says nothing about what suppresses it.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, Needs, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.suppressions import Suppressions


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(found: Suppressions) -> Verdict | Sequence[Fail]:
    fails = []
    for one in found.all:
        if one.idle:
            names = ", ".join(one.idle)
            because = f"a suppression of {names} hides nothing: there is no such fault where it holds"
            remedy = edit("remove it, or take the rule out of it", "", *one.drop_idle, safe=True, needs=Needs.NONE)
            fails.append(Fail(because, (one.place,), remedy=remedy, value=names))
    undecided = [name for one in found.all for name in one.undecided]
    if not fails and undecided:
        return NotApplicable(f"whether {undecided[0]} needs its suppression could not be decided")
    return fails or Pass("every suppression hides something", found.places)

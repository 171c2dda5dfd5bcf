"""A suppression has ended.

Why    Its last day is over: what it hid is shown again.
Fix    Mend what it hid and remove it, or give it a new date if the reason still holds.
Refs   sevlint: README.md, Suppressions

The day of the run is that of UTC, or SOURCE_DATE_EPOCH.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, Needs, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.suppressions import Suppressions


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(found: Suppressions) -> Verdict | Sequence[Fail]:
    fails = []
    for one in found.all:
        if one.expired:
            names = ", ".join(one.suppression.rules)
            because = f"the suppression of {names} ended on {one.suppression.until} and hides nothing any more"
            remedy = edit(
                "remove it, or give it a new date if its reason still holds",
                "",
                *one.drop,
                safe=True,
                needs=Needs.NONE,
            )
            fails.append(Fail(because, (one.place,), remedy=remedy, value=names))
    return fails or Pass("no suppression has ended", found.places)

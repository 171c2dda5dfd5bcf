"""A suppression gives no reason.

Why    Nobody can tell later whether it still holds, so sevlint does not honour it: it hides nothing.
Fix    Write the reason behind a colon, `ignore[rule-id]: why`, or remove the suppression.
Refs   sevlint: README.md, Suppressions
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.suppressions import Suppressions


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(found: Suppressions) -> Verdict | Sequence[Fail]:
    fails = []
    for one in found.all:
        if not one.suppression.reason and not one.suppression.wrong:
            names = ", ".join(one.suppression.rules)
            fails.append(
                Fail(f"the suppression of {names} gives no reason and hides nothing", (one.place,), value=names)
            )
    return fails or Pass("every suppression gives its reason", found.places)

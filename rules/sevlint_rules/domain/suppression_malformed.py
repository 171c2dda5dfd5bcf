"""A comment of sevlint is not understood.

Why    It was meant to hide a finding and hides none.
Fix    Write it as `<!-- sevlint: ignore[rule-id] until YYYY-MM-DD: reason -->`, `until` only where it has an end;
       `ignore-file[...]`, before the root element or first inside it, is for the whole file.
Refs   sevlint: README.md, Suppressions
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.suppressions import Suppressions


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(found: Suppressions) -> Verdict | Sequence[Fail]:
    wrong = [one for one in found.all if one.suppression.wrong]
    fails = [
        Fail(f"this comment hides nothing: {one.suppression.wrong}", (one.place,), value=one.suppression.wrong)
        for one in wrong
    ]
    return fails or Pass("every comment of sevlint is understood", found.places)

"""What a kind of declared rule is: a frozen class whose fields are the keys of the YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from sevlint.model import Confidence, Goal, Severity, Subject

if TYPE_CHECKING:
    from sevlint.rule import Want


class Declared(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """What every kind has; `message` is the headline. A kind adds its own keys, and says `wants` and `judge`."""

    kind: str
    title: str
    why: str
    fix: str
    refs: str
    severity: Severity | dict[Goal, Severity]
    goals: tuple[Goal, ...]
    message: str
    about: Subject = Subject.HOST
    rung: str = ""
    symptom: bool = False
    confidence: Confidence = Confidence.HIGH

    def check(self) -> None:
        """Raises ValueError for values that no type forbids."""

    def wants(self) -> tuple[Want, ...]:
        """The facts that `judge` takes, by name."""
        raise NotImplementedError

"""All that a rule pack's tests import: run a fixture bundle, see what each rule says of each subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sevlint import engine, plugins
from sevlint.model import Expectation, Fail, Goal, NotApplicable, Open, Pass, Report, Settings, Span, Subject
from sevlint.sources.bundle import BundleSource

if TYPE_CHECKING:
    from collections.abc import Mapping

TODAY = "2026-01-01"
"""The day of every run of a bundle."""
_KINDS = {Pass: "pass", Fail: "fail", Open: "open", NotApplicable: "notApplicable"}


class Said(Struct, frozen=True):
    """One outcome: `about` is "host", "guest" or "domain/NAME"; `at` holds "path:line" of every place."""

    rule: str
    verdict: str
    about: str
    because: str
    goals: tuple[Goal, ...]
    at: tuple[str, ...]
    spans: tuple[Span, ...]


class Ran(Struct, frozen=True):
    """What a bundle gave: outcomes whatever the goals (but none of a plain domain), in words too, and the report."""

    said: tuple[Said, ...]
    outcomes: tuple[engine.Outcome, ...]
    report: Report
    snapshot: Any


def run(bundle: Mapping[str, Any], offers: plugins.Shelf | None = None, *, goals: tuple[Goal, ...] = ()) -> Ran:
    """Judge a bundle (the parsed YAML, `from` already merged) with every rule."""
    shelf = offers or plugins.Shelf(plugins.manager(third_party=False))
    source = BundleSource.of(bundle)
    settings = Settings(goals=goals or tuple(Goal(goal) for goal in bundle.get("goals", ())), date=TODAY)
    registry = shelf.registry(frozenset(Subject))
    rules = shelf.rules(frozenset(Subject))
    plugins.check_supply(rules, registry)
    expected = _expectation(bundle.get("expect"))
    site = engine.Site(expects=lambda node: expected)
    snapshot = engine.collect([engine.Input(source)], registry, settings, site)
    cards = {}
    if shelf.cards_were_used:
        rules += shelf.catalogue(frozenset(Subject))
        cards = shelf.card_infos()
    last = [rule for rule in rules if engine.tells_of_suppressions(rule)]
    outcomes = engine.judge([rule for rule in rules if rule not in last], snapshot)
    suppressor = engine.Suppressor(snapshot, date=TODAY)
    domains = suppressor.tell(outcomes, lambda names: plugins.unknown(names, shelf), lambda info, node: "")
    outcomes += engine.judge(last, snapshot, domains)
    said = tuple(_said(outcome, snapshot) for outcome in outcomes)
    infos = [*(rule.info for rule in rules), *cards.values()]
    report = engine.report(
        outcomes, snapshot, settings, suppresses=suppressor.find, cards=cards, rules=infos, version="0.0.0"
    )
    return Ran(said, tuple(outcomes), report, snapshot)


def _expectation(entry: Mapping[str, Any] | None) -> Expectation | None:
    """`expect:` of a bundle: as in a configuration file, without `files`."""
    if entry is None:
        return None
    abi = [int(part) for part in str(entry.get("min-abi", "0.0")).split(".")]
    require = tuple(entry.get("require", ()))
    return Expectation(Goal(entry["goal"]), require, (abi[0], abi[1]) if any(abi) else None, ".sevlint.yaml")


def _said(outcome: engine.Outcome, snapshot: engine.Snapshot) -> Said:
    spans = engine.spans_of(outcome.seen, snapshot)
    at = tuple(f"{span.path}:{span.line}" if span.line else span.path for span in spans)
    node = outcome.node
    about = f"domain/{node.name}" if node.subject is Subject.DOMAIN else node.subject.value
    kind = _KINDS[type(outcome.verdict)]
    goals = tuple(sorted(outcome.goals))
    return Said(outcome.rule.info.id, kind, about, outcome.verdict.because, goals, at, spans)

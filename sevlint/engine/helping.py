"""The other process's side: read one source, judge some files of domain XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import astuple

from sevlint.engine.apart import Apart, Judged, Sheet, SheetSource
from sevlint.engine.collecting import Input, Site, collect, load
from sevlint.engine.judging import judge
from sevlint.engine.snapshot import Loaded, Node, Registry, Snapshot
from sevlint.facts.domain import DomainXml
from sevlint.facts.goals import DomainGoalSigns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from sevlint.model import Settings
    from sevlint.rule import Rule
    from sevlint.sources.base import Source


class NotApartError(Exception):
    """A source turned out to need what only the main process knows."""


def load_apart(source: Source, registry: Registry) -> Loaded:
    """Read a source. Raises NotApartError where configurations decide what of it is read."""

    def refuse(path: str) -> bool:
        raise NotApartError(path)

    source.passes_over = refuse
    return load(Snapshot(registry), source)


def judge_apart(
    sheets: Sequence[Sheet], registry: Registry, rules: Callable[[], Iterable[Rule]], settings: Settings
) -> Judged:
    """Every domain of these files, judged with `rules` where it asks for something."""
    by_source: dict[int, list[Sheet]] = {}
    for one in sheets:
        by_source.setdefault(one.source, []).append(one)
    expected = {one.key: one.expects for one in sheets}
    site = Site(expects=lambda node: expected[_key(node)])
    inputs = [Input(SheetSource(mine)) for mine in by_source.values()]
    snapshot = collect(inputs, registry, settings, site)
    views: dict[str, int] = {}
    for node in snapshot.domains:
        views[node.group] = views.get(node.group, 0) + 1
    alone = [node for node in snapshot.domains if views[node.group] == 1]
    called = list(rules()) if any(node.goals.wanted or node.goals.unclear for node in alone) else []
    said: dict[int, dict[str, list[tuple[Any, ...]]]] = {}
    for outcome in judge(called, snapshot, alone, lambda node: True):
        rule, _, *rest = astuple(outcome)
        said.setdefault(id(outcome.node), {}).setdefault(rule.info.id, []).append(tuple(rest))
    names = frozenset(rule.info.id for rule in called)
    domains: dict[tuple[int, str], tuple[Apart, ...]] = {}
    for node in snapshot.domains:
        mine = said.get(id(node), {})
        apart = Apart(
            name=node.name,
            uuid=node.uuid,
            view=node.view,
            ordinal=int(node.outside.rpartition("#")[2]),
            xml=node.made[DomainXml].value,
            goals=node.goals,
            signs=node.made.get(DomainGoalSigns),
            said={rule: tuple(found) for rule, found in mine.items()},
            rules=names if views[node.group] == 1 else frozenset(),
        )
        domains[_key(node)] = (*domains.get(_key(node), ()), apart)
    return Judged(domains, tuple(snapshot.faults))


def _key(node: Node) -> tuple[int, str]:
    return node.source.number, node.outside.rpartition("#")[0]

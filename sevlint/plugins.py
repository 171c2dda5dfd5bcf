"""Finds plugins and loads what they offer, as late as possible and in a fixed order.

`importlib.metadata.entry_points` costs 26 ms; looking for `entry_points.txt` files that name `[sevlint]` costs 1 to 2,
and a commit hook pays it every time. Nothing of the scanned tree or the working directory is ever imported: folders of
the import path are searched only where installed distributions keep their metadata.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any, cast

import pluggy

from sevlint import hookspecs
from sevlint.engine import Registry
from sevlint.errors import RuleDefinitionError, SevlintError, UsageError
from sevlint.facts.domain import Domain, DomainXml, RunningDomain, SharedSession
from sevlint.facts.goals import Expected
from sevlint.facts.suppressions import Suppressions
from sevlint.hookspecs import Component, Pack, Reporter, hookimpl
from sevlint.model import RuleInfo, Subject
from sevlint.parsers.base import Parser
from sevlint.rule import Combiner, How, Rule
from sevlint.select import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MACHINE = frozenset({Subject.HOST, Subject.GUEST})
_DOMAIN = frozenset({Subject.DOMAIN})


class _Builtin:
    """What sevlint itself brings."""

    @hookimpl
    def register_parsers(self) -> list[Component]:
        names = MACHINE_PARSERS
        return [
            Component("sevlint.parsers.domain_xml", _DOMAIN),
            Component("sevlint.parsers.logs"),
            *(Component(f"sevlint.parsers.{name}", _MACHINE) for name in names),
        ]

    @hookimpl
    def register_combiners(self) -> list[Component]:
        return [
            Component("sevlint.combine.domain", _DOMAIN),
            Component("sevlint.combine.logs"),
            *(Component(f"sevlint.combine.{name}", _MACHINE) for name in MACHINE_COMBINERS),
        ]

    @hookimpl
    def register_layouts(self) -> list[str]:
        return ["sevlint.sources.layouts"]

    @hookimpl
    def register_kinds(self) -> list[str]:
        return ["sevlint.declared.kinds"]

    @hookimpl
    def register_reporters(self) -> list[Reporter]:
        return [
            Reporter("text", "sevlint.reporters.text:render"),
            Reporter("sarif", "sevlint.reporters.sarif:write"),
            Reporter("json", "sevlint.reporters.json:write"),
        ]


MACHINE_PARSERS = (
    "machine",
    "listings",
    "boot",
    "modules",
    "packages",
    "devices",
    "domcapabilities",
    "capacity",
    "access",
    "trust",
    "firmware",
)
MACHINE_COMBINERS = (
    "kernel",
    "machine",
    "amd",
    "boot",
    "guest",
    "goals",
    "capacity",
    "access",
    "trust",
    "room",
    "firmware",
)


def manager(*, third_party: bool = True) -> pluggy.PluginManager:
    """A new plugin manager: the built-ins, the shipped packs, then installed plugins sorted by name.

    Raises UsageError for a plugin that cannot be imported or implements an unknown hook.
    """
    made = pluggy.PluginManager("sevlint")
    made.add_hookspecs(hookspecs)
    made.register(_Builtin(), "sevlint")
    made.register(importlib.import_module("sevlint_rules.plugin"), "sevlint_rules")
    for name, target in sorted(_entry_points()) if third_party else ():
        module, _, attribute = target.partition(":")
        try:
            plugin = importlib.import_module(module)
            made.register(getattr(plugin, attribute) if attribute else plugin, name)
        except Exception as error:
            raise UsageError(
                f"plugin {name} ({target}) cannot be loaded: {error}; --no-plugins leaves it out"
            ) from error
    try:
        made.check_pending()
    except pluggy.PluginValidationError as error:
        raise UsageError(f"a plugin implements a hook that sevlint does not have: {error}") from error
    return made


def _entry_points() -> Iterator[tuple[str, str]]:
    """(name, target) of every installed distribution's `[sevlint]` section; none of the working directory."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    for folder in dict.fromkeys(sys.path):
        if folder == here or not os.path.isabs(folder) or not os.path.isdir(folder):
            continue
        with os.scandir(folder) as entries:
            names = [one.name for one in entries if one.name.endswith((".dist-info", ".egg-info"))]
        for name in sorted(names):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    text = file.read()
            except OSError:
                continue
            if "[sevlint]" in text:
                yield from _section(text)


def _section(text: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            inside = line == "[sevlint]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, target = line.split("=", 1)
            yield name.strip(), target.strip()


class Shelf:
    """What the plugins offer, loaded on use. One for each run; holds no global state."""

    def __init__(self, plugins: pluggy.PluginManager) -> None:
        self._hook = plugins.hook
        self._cards: tuple[Any, ...] | None = None
        self._infos: dict[str, RuleInfo] | None = None
        self._registries: dict[frozenset[Subject], Registry] = {}

    def registry(self, subjects: frozenset[Subject]) -> Registry:
        """Parsers, logs, combiners and layouts for the subjects that can occur. Raises RuleDefinitionError."""
        if subjects not in self._registries:
            self._registries[subjects] = self._registry(subjects)
        return self._registries[subjects]

    def _registry(self, subjects: frozenset[Subject]) -> Registry:
        parser_modules = list(self._modules(self._all("register_parsers"), subjects))
        parsers = _values(parser_modules, Parser)
        logs = tuple(evidence for module in parser_modules for evidence in getattr(module, "LOGS", ()))
        combiners = _values(self._modules(self._all("register_combiners"), subjects), Combiner)
        producers: dict[type, str] = {}
        for one in (*parsers, *combiners):
            if one.makes in producers and not getattr(one, "splits", False):
                first = producers[one.makes]
                raise RuleDefinitionError(f"{one.makes.__name__} has two producers: {first} and {one.name}")
            producers[one.makes] = one.name
        _check_circles(combiners)
        layouts = importlib.import_module("sevlint.sources.layouts")
        found = [layout for name in self._all("register_layouts") for layout in importlib.import_module(name).LAYOUTS]
        return Registry(tuple(parsers), logs, tuple(combiners), tuple(found), self._scan, layouts.choose)

    def rules(self, subjects: frozenset[Subject]) -> list[Rule]:
        """The rules about these subjects, sorted by id. Raises RuleDefinitionError for two of one id."""
        found: dict[str, tuple[Rule, str]] = {}
        for pack in self._packs():
            if pack.subjects & subjects and not pack.cards:
                for rule in self._load(pack):
                    if rule.info.about not in subjects:
                        continue
                    if rule.info.id in found:
                        other = found[rule.info.id][1]
                        raise RuleDefinitionError(f"two rules are called {rule.info.id}: of {other} and {pack.package}")
                    found[rule.info.id] = rule, pack.package
        return [found[name][0] for name in sorted(found)]

    def cards(self) -> tuple[Any, ...]:
        """Every log card."""
        if self._cards is None:
            from sevlint.signatures.cards import load_cards

            folders = [(os.path.join(os.path.dirname(os.path.abspath(__file__)), "signatures", "cards"), "sevlint")]
            packs = [pack for pack in self._packs() if pack.cards]
            folders += [(_folder(pack.package), pack.package.partition(".")[0]) for pack in packs]
            paths = [(os.path.join(folder, name), of) for folder, of in folders for name in sorted(os.listdir(folder))]
            self._cards = load_cards([(path, of) for path, of in paths if path.endswith(".yaml")])
            known = self.known_ids()
            for card in self._cards:
                if card.id in known:
                    raise RuleDefinitionError(f"a card and a rule of {known[card.id]} are both called {card.id}")
        return self._cards

    @property
    def cards_were_used(self) -> bool:
        """Whether a log was in the input."""
        return self._cards is not None

    def catalogue(self, subjects: frozenset[Subject]) -> list[Rule]:
        """The catalogue rules of the cards."""
        from sevlint.signatures.catalogue import catalogue_rules

        return [rule for rule in catalogue_rules(self.cards()) if rule.info.about in subjects]

    def card_infos(self) -> dict[str, RuleInfo]:
        """Each `finding` card as a rule, by id."""
        if self._infos is None:
            from sevlint.signatures.catalogue import card_infos

            self._infos = card_infos(self.cards())
        return self._infos

    def known_ids(self) -> dict[str, str]:
        """Rule id -> pack, of every pack, without importing them (a rule's id is its file's name)."""
        ids = {}
        for pack in self._packs():
            if not pack.cards:
                for name in (*_stems(pack.package), *_declared(pack.package)):
                    ids[name.replace("_", "-")] = pack.package.rsplit(".", 1)[-1]
        return ids

    def reporters(self) -> dict[str, Callable[..., str]]:
        """Format name -> a function that imports its reporter when called."""
        return {one.name: _lazy(one.target) for one in self._all("register_reporters")}

    def _scan(self, kind: str, path: str, source: int, complete: Any) -> Any:
        from sevlint.signatures.scanner import LogScan

        return LogScan(self.cards(), kind, path, source, complete)

    def _all(self, hook: str) -> list[Any]:
        """What all plugins return, first registered first (pluggy calls the last registered first)."""
        return [item for items in reversed(getattr(self._hook, hook)()) for item in items]

    def _packs(self) -> list[Pack]:
        return cast("list[Pack]", self._all("register_rules"))

    def _modules(self, components: Iterable[Component], subjects: frozenset[Subject]) -> Iterator[Any]:
        for one in components:
            if one.subjects & subjects:
                yield _imported(one.module)

    def _load(self, pack: Pack) -> Iterator[Rule]:
        folder = _folder(pack.package)
        for name in _stems(pack.package):
            rule = getattr(_member(pack.package, folder, name), "judge", None)
            if not isinstance(rule, Rule):
                raise RuleDefinitionError(f"{pack.package}.{name} has no rule called judge")
            yield rule
        declared = _declared(pack.package)
        if declared:
            from sevlint.declared.loading import load_declared

            kinds = {kind: of for name in self._all("register_kinds") for kind, of in _imported(name).KINDS.items()}
            for name in declared:
                path = os.path.join(folder, f"{name}.yaml")
                yield load_declared(path, kinds, pack.package.partition(".")[0])


def _imported(name: str) -> Any:
    """A module that a plugin named. Raises RuleDefinitionError that says whose fault it is."""
    try:
        return importlib.import_module(name)
    except SevlintError:
        raise
    except Exception as error:
        raise _not_imported(name, error) from error


def _member(package: str, folder: str, name: str) -> Any:
    """A module of a package, from its file: the search of the whole import path would cost a third of the loading.

    Raises RuleDefinitionError as `_imported` does.
    """
    full = f"{package}.{name}"
    if full in sys.modules:
        return sys.modules[full]
    spec = spec_from_file_location(full, os.path.join(folder, f"{name}.py"))
    if spec is None or spec.loader is None:
        return _imported(full)
    module = sys.modules[full] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[full]  # as an import does: who asks again is told the same
        if isinstance(error, SevlintError) or not isinstance(error, Exception):
            raise
        raise _not_imported(full, error) from error
    return module


def _not_imported(name: str, error: Exception) -> RuleDefinitionError:
    return RuleDefinitionError(f"{name} cannot be imported: {type(error).__name__}: {error}")


def unknown(names: Iterable[str], shelf: Shelf) -> dict[str, str]:
    """The names that are no rule's and no card's, each with what may be meant ("; did you mean ...?", or "")."""
    rules = shelf.known_ids()
    maybe = [name for name in names if name not in rules]
    cards = shelf.card_infos() if maybe else {}
    return {name: nearest(name, (*rules, *cards)) for name in maybe if name not in cards}


def check_supply(rules: Iterable[Rule], registry: Registry) -> None:
    """Something must make every fact that a rule asks for. Raises RuleDefinitionError.

    Only where the registry is for every subject: a lone XML never loads what makes a host's facts.
    """
    made = {parser.makes for parser in registry.parsers} | {combiner.makes for combiner in registry.combiners}
    made |= {Domain, DomainXml, Expected, RunningDomain, SharedSession, Suppressions}
    for rule in rules:
        for want in rule.wants:
            if want.how is not How.GOAL and want.fact not in made:
                raise RuleDefinitionError(f"rule {rule.info.id}: nothing makes {want.fact.__name__}")


def _check_circles(combiners: Iterable[Combiner]) -> None:
    """No fact may need itself. Raises RuleDefinitionError that names the circle.

    `OnHost` and tuples of inner subjects lead to another subject, whose facts are its own.
    """
    needs = {
        one.makes: [
            want.fact for want in one.wants if not want.on_host and want.how not in (How.MANY, How.MANY_OR_GAPS)
        ]
        for one in combiners
    }
    done: set[type] = set()

    def visit(kind: type, path: tuple[type, ...]) -> None:
        if kind in path:
            chain = " -> ".join(one.__name__ for one in (*path[path.index(kind) :], kind))
            raise RuleDefinitionError(f"facts need each other in a circle: {chain}")
        if kind not in done:
            for other in needs.get(kind, ()):
                visit(other, (*path, kind))
            done.add(kind)

    for kind in needs:
        visit(kind, ())


def _folder(package: str) -> str:
    return str(next(iter(_imported(package).__path__)))


def _stems(package: str) -> list[str]:
    names = os.listdir(_folder(package))
    return sorted(name[:-3] for name in names if name.endswith(".py") and not name.startswith("_"))


def _declared(package: str) -> list[str]:
    return sorted(name[:-5] for name in os.listdir(_folder(package)) if name.endswith(".yaml"))


def _values(modules: Iterable[Any], kind: type) -> list[Any]:
    """Module-level values of a kind, each once, in the order of modules and definitions."""
    found: dict[int, Any] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, kind):
                found[id(value)] = value
    return list(found.values())


def _lazy(target: str) -> Callable[..., str]:
    module, _, name = target.partition(":")

    def call(*arguments: Any, **keywords: Any) -> str:
        return cast("str", getattr(_imported(module), name)(*arguments, **keywords))

    return call

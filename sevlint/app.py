"""The composition root: from options to an exit code. Knows how the rooms are joined, and nothing else.

Exit codes (architecture 7), the highest that holds: 3 a fault of sevlint; 2 usage, configuration, or an input that
could not be opened or read whole; 1 findings at or above --fail-on; 0.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from sevlint import __version__, clean, config, engine, plugins, select
from sevlint.errors import SourceError, UsageError
from sevlint.files import git_root
from sevlint.model import (
    Edit,
    Fault,
    Finding,
    Place,
    ReadinessReport,
    Replacement,
    Report,
    RuleInfo,
    Settings,
    Severity,
    State,
    Subject,
    Suppression,
)
from sevlint.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sevlint.sources.base import Source

_NO_CONFIG = config.Config()
_FAIL_ON = "warning"
_FEW = 50
"""So many files are judged before another process has started."""
_NAME_A_HOST = "name a host's sosreport, copied tree or bundle"


class CheckOptions(Struct, frozen=True):
    """What `sevlint check` was asked for. `outputs` are (format, file) pairs beside the main format."""

    paths: tuple[str, ...]
    settings: Settings
    host: str = ""
    guests: tuple[tuple[str, str], ...] = ()
    fail_on: str = ""
    config: str = ""
    isolated: bool = False
    fix: bool = False
    diff: bool = False
    unsafe_fixes: bool = False
    jobs: int | None = 1
    """Processes that may work at a time; None for as many as there are CPUs, where that gains something."""
    third_party: bool = True


class Checked(Struct, frozen=True):
    """A finished check: the report, its exit code, and lines for stderr; `diff` is what --fix would do."""

    report: Report
    exit_code: int
    errors: tuple[str, ...]
    remarks: tuple[str, ...]
    diff: bytes = b""


def shelf(*, third_party: bool = True) -> plugins.Shelf:
    """Everything the plugins offer."""
    return plugins.Shelf(plugins.manager(third_party=third_party))


class _Judged(Struct, frozen=True):
    """Every input after judging; `cards` are the finding cards, where a log was among the input.

    `unopened` and `errors`: a line for each input that could not be opened, or read whole.
    """

    named: list[engine.Input]
    lent: list[engine.Input]
    unopened: list[str]
    errors: list[str]
    snapshot: engine.Snapshot
    rules: list[Rule]
    cards: dict[str, RuleInfo]
    outcomes: list[engine.Outcome]
    last: list[Rule]
    """The rules about suppressions, which are called when the others have spoken."""

    @property
    def inputs(self) -> list[engine.Input]:
        """What was named, and behind it the hosts that configurations lend."""
        return [*self.named, *self.lent]


def _judge(options: CheckOptions, offers: plugins.Shelf, configs: _Configs, before: _Judged | None = None) -> _Judged:
    """`before`: what was judged, with its files changed since; nothing is read again."""
    named, unopened = (before.named, before.unopened) if before is not None else _open(options)
    for one in named if before is None else ():
        configs.meet(one)
    site = configs.site()
    everything = frozenset(Subject)
    wide = any(not _only_domains(one.source) for one in named)
    registry = offers.registry(everything if wide else frozenset({Subject.DOMAIN}))
    known = before.snapshot if before is not None else None
    snapshot = _collect(options, offers, named, registry, site, known, wide=wide)
    lent, failed = (before.lent, []) if before is not None else configs.open_hosts(snapshot, len(named))
    if lent or configs.has_target(snapshot):
        wide, registry = True, offers.registry(everything)
        engine.lend(snapshot, lent, registry, options.settings, site, known)
    unopened = [*unopened, *failed]
    subjects = _subjects(snapshot)
    rules = offers.rules(subjects) if subjects else []
    cards: dict[str, RuleInfo] = {}
    if offers.cards_were_used:
        rules += offers.catalogue(subjects)
        cards = offers.card_infos()
    if wide:
        plugins.check_supply(rules, registry)
    rules = [rule for rule in rules if configs.selected(rule.info, cards)]
    last = [rule for rule in rules if engine.tells_of_suppressions(rule)]
    for node in snapshot.domains:
        configs.of(node)
    first = [rule for rule in rules if not engine.tells_of_suppressions(rule)]
    outcomes = engine.judge(first, snapshot, lean=None if options.settings.all_passes else configs.is_lean)
    damaged = [f"{source.label}: {source.damage}" for source in snapshot.sources if source.damage]
    errors = [*unopened, *damaged, *snapshot.errors]
    return _Judged(named, lent, unopened, errors, snapshot, rules, cards, outcomes, last)


def _collect(
    options: CheckOptions,
    offers: plugins.Shelf,
    named: list[engine.Input],
    registry: engine.Registry,
    site: engine.Site,
    known: engine.Snapshot | None,
    *,
    wide: bool,
) -> engine.Snapshot:
    """With the help of other processes, where these can gain anything: not for what is known already."""
    settings = options.settings
    few = len(named) <= _FEW and all(one.source.kind in ("file", "stdin") for one in named)
    if known is not None or options.jobs == 1 or (options.jobs is None and few):
        return engine.collect(named, registry, settings, site, known)
    from sevlint import jobs

    most = jobs.available() if options.jobs is None else options.jobs
    setup = jobs.Setup(settings, options.third_party, wide)
    with jobs.Helpers(setup, most, wanted=options.jobs is not None, use_cards=offers.cards) as helpers:
        return engine.collect(named, registry, settings, site, helpers=helpers if most > 1 else None)


def check(options: CheckOptions, offers: plugins.Shelf) -> Checked:
    """Judge every input. Raises UsageError for what is wrong before any input is read."""
    options = replace(options, settings=replace(options.settings, date=options.settings.date or _today()))
    configs = _Configs(options, offers)
    judged = _judge(options, offers, configs)
    nodes: list[engine.Node] = []
    told = _told(judged, options, configs, offers, nodes)
    report, mended = told[0], None
    if options.fix or options.diff:
        mended = _mend(judged, told, options, offers, configs, nodes)
        judged, report = (mended.judged, mended.report) if options.fix else (judged, report)
        report = replace(report, faults=(*report.faults, *mended.faults))
    elif told[1]:
        from sevlint.mendable import prospects

        report = replace(report, fixable=prospects(judged.snapshot, *told))
    inputs, snapshot, errors = judged.inputs, judged.snapshot, judged.errors
    errors += configs.errors
    errors += _wrong_roles(options, inputs, snapshot)
    errors += _nothing_known(inputs, report, errors)
    errors += mended.errors if mended is not None else ()
    code, changes = _judgement(report, (*snapshot.nodes(), *nodes), configs, bool(errors))
    left_out = sum(source.passed_over for source in snapshot.sources)
    changes += [f"{left_out} {'file' if left_out == 1 else 'files'} left out by `exclude`"] if left_out else []
    if mended is not None and options.diff:
        code = code if code > 1 else int(mended.changes)
    printable = tuple(clean.printable(error) for error in errors)
    report = replace(
        report,
        inputs=tuple(replace(one, uri=uri) for one, uri in zip(report.inputs, _uris(snapshot.sources), strict=True)),
        errors=printable,
        changes=tuple(clean.printable(change) for change in changes),
        exit_code=code,
    )
    remarks = [*_remarks(report), *(f"{one.label}: {one.remark}" for one in snapshot.sources if one.remark)]
    remarks += mended.remarks if mended is not None else ()
    diff = mended.diff if mended is not None else b""
    return Checked(report, code, printable, tuple(clean.printable(one) for one in remarks), diff)


_Edits = dict[str, tuple[Edit, Place]]


def _told(
    judged: _Judged, options: CheckOptions, configs: _Configs, offers: plugins.Shelf, nodes: list[engine.Node]
) -> tuple[Report, _Edits]:
    """The report, and by a finding's key the edit that mends it and the place that it is about.

    `nodes` becomes the subjects that exist only to be told of their suppressions.
    """
    snapshot = judged.snapshot
    suppressor = engine.Suppressor(snapshot, configs.entries(snapshot), date=options.settings.date)
    nodes[:] = suppressor.tell(judged.outcomes, lambda names: plugins.unknown(names, offers), configs.hides)
    edits: _Edits = {}
    regions: list[Any] = []

    def note(key: str, edit: Edit, place: Place) -> tuple[Replacement, ...]:
        edits[key] = edit, place
        if not options.settings.replacements:
            return ()
        from sevlint.fixing import Regions

        regions[:] = regions or [Regions(judged.snapshot)]
        return tuple(regions[0].of(edit))

    report = engine.report(
        [*judged.outcomes, *engine.judge(judged.last, snapshot, nodes)],
        snapshot,
        options.settings,
        hide=configs.hides,
        suppresses=suppressor.find,
        regrade=configs.regrades,
        cards=judged.cards,
        rules=[*(rule.info for rule in judged.rules), *judged.cards.values()],
        version=__version__,
        outlook=lambda node: _outlook(judged, node),
        edits=note,
    )
    return report, edits


class _Mended(Struct, frozen=True):
    """What --fix did, or --diff shows: the last judgement, and whether any file is changed."""

    judged: _Judged
    report: Report
    changes: bool
    diff: bytes
    faults: tuple[Fault, ...]
    errors: list[str]
    remarks: list[str]


def _mend(
    judged: _Judged,
    told: tuple[Report, Mapping[str, tuple[Edit, Place]]],
    options: CheckOptions,
    offers: plugins.Shelf,
    configs: _Configs,
    nodes: list[engine.Node],
) -> _Mended:
    from sevlint.fixing import Mender

    last = judged

    def again() -> tuple[Report, _Edits]:
        nonlocal last
        last = _judge(options, offers, configs, last)
        return _told(last, options, configs, offers, nodes)

    mender = Mender(judged.snapshot, unsafe=options.unsafe_fixes)
    told = mender.mend(told, again)
    diff, remarks = mender.diff() if options.diff else (b"", [])
    if options.fix:
        told = mender.write(told, again)
    remarks += mender.left(told)
    remarks += [mender.summary()] if options.diff else []
    report = replace(told[0], fixed=mender.fixed())
    return _Mended(last, report, mender.changes, diff, tuple(mender.faults), mender.errors, remarks)


def _outlook(judged: _Judged, node: engine.Node) -> str:
    """How ready a host is whose goal is not known."""
    if node.subject is not Subject.HOST or node.lent or node.goals.wanted or not node.goals.unknown_because:
        return ""
    from sevlint.engine.readiness import outlook

    return outlook(judged.outcomes, node, judged.snapshot, judged.cards)


def ready(options: CheckOptions, offers: plugins.Shelf) -> ReadinessReport:
    """Whether each host can run guests of each goal, and how many more. No configuration is read.

    The exit code: 3 a fault of sevlint; 2 an input that could not be read whole or holds no host; 1 a host that is not
    ready for every goal, or is full; 0.
    """
    from sevlint.engine.readiness import host_readiness

    judged = _judge(options, offers, _Configs(options, offers))
    snapshot, goals = judged.snapshot, options.settings.goals
    report = engine.report(judged.outcomes, snapshot, options.settings, cards=judged.cards)
    hosts = host_readiness(judged.outcomes, snapshot, report, goals, judged.cards)
    errors = judged.errors
    with_hosts = {node.source.number for node in snapshot.hosts}
    errors += [
        f"{one.label}: there is no host in it; {_NAME_A_HOST}"
        for one in snapshot.sources
        if one.number not in with_hosts and not any(error.startswith(f"{one.label}:") for error in errors)
    ]
    whole = all(one.state is State.READY and one.left != 0 for host in hosts for one in host.goals)
    return ReadinessReport(
        format_version=1,
        sevlint_version=__version__,
        hosts=hosts,
        faults=report.faults,
        errors=tuple(clean.printable(error) for error in errors),
        exit_code=3 if report.faults else 2 if errors else 0 if whole else 1,
    )


class Bundled(Struct, frozen=True):
    """A bundle's YAML, the number of its files, and a line for each part of the input that could not be read."""

    text: str
    files: int
    errors: tuple[str, ...]


def bundle(path: str, treat_as: Subject | None, offers: plugins.Shelf) -> Bundled:
    """The evidence that rules want of one snapshot, without its secrets. Raises SourceError and UsageError."""
    from sevlint.engine.bundling import evidence_of
    from sevlint.sources.bundle import write
    from sevlint.sources.opening import open_source

    if path == "-":
        raise UsageError("a bundle is made of a file or folder: standard input cannot be read twice")
    source = open_source(path)
    snapshot = engine.collect([engine.Input(source)], offers.registry(frozenset(Subject)), Settings(treat_as=treat_as))
    files = evidence_of(snapshot, source, open_source(path))
    errors = [f"{source.label}: {source.damage}"] if source.damage else []
    if not files:
        raise UsageError(f"{path}: nothing in it that sevlint knows; {_NAME_A_HOST}")
    names = ", ".join(clean.printable(node.name) for node in (*snapshot.hosts, *snapshot.guests))
    title = f"{names or 'domains'}: what sevlint {__version__} reads of it, without its secrets"
    return Bundled(write(files, title, clean.blank), len(files), tuple(clean.printable(one) for one in errors))


def readiness_text(report: ReadinessReport, name: str) -> str:
    """The readiness of hosts as "text" or "json"."""
    from sevlint.reporters import json, readiness

    return json.write(report) if name == "json" else readiness.render(report)


def rule_infos(offers: plugins.Shelf) -> list[RuleInfo]:
    """Every rule and every finding card, sorted by id."""
    infos = [rule.info for rule in offers.rules(frozenset(Subject))]
    return sorted((*infos, *offers.card_infos().values()), key=lambda info: info.id)


def by_source(offers: plugins.Shelf) -> list[tuple[str, tuple[str, ...]]]:
    """For each fact key, in the order of the sheets, what stands on it: rules and cards that cite it, and the tables
    that explain a code (`decode: NAME`), if a card decodes by them.
    """
    from sevlint import citations
    from sevlint.facts.codes import facts_of

    found: dict[str, set[str]] = {}
    texts = [(info.id, "; ".join((info.page, *info.refs))) for info in rule_infos(offers)]
    cards = offers.cards()
    tables = {table for card in cards for table in card.decode.values()}
    texts += [(f"decode: {table}", facts_of(table)) for table in tables]
    for name, text in (*texts, *((card.id, card.source) for card in cards)):
        for key in citations.keys_of(text):
            found.setdefault(key, set()).add(name)
    return [(key, tuple(sorted(found[key]))) for key in sorted(found, key=citations.in_sheet_order)]


def catalogue_infos(offers: plugins.Shelf) -> list[RuleInfo]:
    """The rules that stand for all cards of a program: open verdicts and passes carry their ids."""
    return [rule.info for rule in offers.catalogue(frozenset(Subject))]


def card_pages(offers: plugins.Shelf) -> dict[str, tuple[str, str]]:
    """Heading and page of every log card, by id, also of those that are no finding."""
    from sevlint.signatures.pages import heading_of, page_of

    return {card.id: (heading_of(card), page_of(card)) for card in offers.cards()}


def _open(options: CheckOptions) -> tuple[list[engine.Input], list[str]]:
    """Open every input that the command line names."""
    wanted = [(path, False, "") for path in options.paths]
    wanted += [(options.host, True, "")] if options.host else []
    wanted += [(path, False, name) for name, path in options.guests]
    if sum(path == "-" for path, _, _ in wanted) > 1:
        raise UsageError("standard input (-) can be named once")
    return _open_all(wanted, 0)


def _open_all(wanted: Iterable[tuple[str, bool, str]], first: int) -> tuple[list[engine.Input], list[str]]:
    """(path, whether it is lent, the domain it belongs to) -> inputs; what cannot be opened is one line each."""
    from sevlint.sources.opening import open_source

    inputs: list[engine.Input] = []
    errors: list[str] = []
    for path, lent, tie in wanted:
        try:
            inputs.append(engine.Input(open_source(path, first + len(inputs)), lent, tie))
        except SourceError as error:
            errors.append(str(error))
    return inputs, errors


def _wrong_roles(options: CheckOptions, inputs: list[engine.Input], snapshot: engine.Snapshot) -> list[str]:
    """A --host that holds no host, a --guest that holds no guest: without a word they would change nothing."""
    wrong = []
    for one in inputs:
        if one.lent and not any(node.source is one.source for node in snapshot.hosts):
            guest = any(node.source is one.source for node in snapshot.guests)
            why = "it is a guest, not a host" if guest else "there is no host in it"
            wrong.append(f"--host {one.source.label}: {why}; {_NAME_A_HOST}")
        if one.tie and not any(node.source is one.source for node in snapshot.guests):
            wrong.append(
                f"--guest {one.tie}={one.source.label}: no guest in it; name its dmesg, sosreport or copied tree"
            )
    return wrong


def _nothing_known(inputs: list[engine.Input], report: Report, errors: list[str]) -> list[str]:
    """A line for each named input that gave nothing, and of which nothing else is said."""
    lines = []
    for one, given in zip(inputs, report.inputs, strict=False):  # behind them: files that tell of a target
        label = one.source.label
        told = one.lent or one.tie or any(error.startswith(f"{label}:") for error in errors)
        if not (told or given.judged or given.not_domains or one.source.recognised or one.source.passed_over):
            lines.append(
                f"{label}: nothing in it that sevlint knows; name a sosreport, a copied host tree, "
                "a folder of domain XML, or single files of these"
            )
    return lines


def _only_domains(source: Source) -> bool:
    return source.kind == "xml" or (
        source.kind in ("file", "stdin") and set(source.recognised.values()) <= {"domain.xml"}
    )


def _subjects(snapshot: engine.Snapshot) -> frozenset[Subject]:
    found = []
    if snapshot.hosts:
        found.append(Subject.HOST)
    if snapshot.guests:
        found.append(Subject.GUEST)
    if any(node.goals.wanted or node.goals.unclear for node in snapshot.domains):
        found.append(Subject.DOMAIN)
    return frozenset(found)


class _Configs:
    """The configuration that holds for each subject, and what it decides.

    One that cannot be read is an error, and what it holds for is judged without it: it hides nothing.
    """

    def __init__(self, options: CheckOptions, offers: plugins.Shelf) -> None:
        self.errors: list[str] = []
        self.options = options
        self._offers = offers
        self._finder = config.Finder()
        self._folders: dict[int, str] = {}
        self._lent: dict[str, int] = {}
        self._by_folder: dict[str, config.Config] = {}
        self._files: dict[str, config.Config] = {}
        self._told: dict[int, config.Config] = {}
        settings = options.settings
        for names, option in ((settings.select, "--select"), (settings.ignore, "--ignore")):
            self._check(names, option)
        self._given = self._file(options.config, options.config, options.config) if options.config else None

    def meet(self, given: engine.Input) -> None:
        """Look at the configuration of an input PATH: it must be sound even where nothing is found."""
        source = given.source
        self._folders[source.number] = config.folder_of("." if source.kind == "stdin" else source.label)
        if not given.lent:
            self._of_folder(self._folders[source.number])
            source.passes_over = self._excludes

    def site(self) -> engine.Site:
        """What the configurations say of domains outside any host."""
        return engine.Site(
            expects=lambda node: self.of(node).expects(self._file_of(node)) if self._file_of(node) else None,
            lends=self._source_of_host,
            target=lambda node: self.of(node).target,
            is_apart=self._is_apart,
        )

    def open_hosts(self, snapshot: engine.Snapshot, first: int) -> tuple[list[engine.Input], list[str]]:
        """The hosts that domains with a goal are to be judged against, and a line for each that cannot be opened.

        None beside `--host`, which holds for all. `first` is the number of the first.
        """
        paths = {host for node in self._asking(snapshot) if (host := self._host_of(node))}
        shown = sorted(os.path.relpath(path) for path in paths)
        inputs, errors = _open_all([(path, True, "") for path in shown], first)
        self._lent = {os.path.abspath(one.source.label): one.source.number for one in inputs}
        return inputs, errors

    def has_target(self, snapshot: engine.Snapshot) -> bool:
        """Whether a configuration tells of a host in few words."""
        return any(self.of(node).target is not None for node in self._asking(snapshot))

    def _asking(self, snapshot: engine.Snapshot) -> list[engine.Node]:
        """The domains outside any host that are meant for something."""
        if self.options.host:
            return []
        return [node for node in snapshot.domains if node.outside and (node.goals.wanted or node.goals.unclear)]

    def _source_of_host(self, node: engine.Node) -> int | None:
        path = self._host_of(node)
        return self._lent.get(os.path.abspath(path)) if path else None

    def _host_of(self, node: engine.Node) -> str:
        path = self._file_of(node)
        return self.of(node).host_of(path) if path else ""

    def _excludes(self, path: str) -> bool:
        return self._of_folder(os.path.dirname(path)).excludes(path)

    def _file_of(self, node: engine.Node) -> str:
        """The absolute path of the file that a domain outside any host is in, "" for a stream."""
        if not node.outside or _is_stream(node.source):
            return ""
        label = os.path.abspath(node.source.label)
        return os.path.join(label, node.outside.rpartition("#")[0]) if node.source.kind == "xml" else label

    def of(self, node: engine.Node) -> config.Config:
        """The configuration that holds for a subject; for a lent host, which is only evidence, none does."""
        if node.lent:
            return _NO_CONFIG
        if node.source.number in self._told:
            return self._told[node.source.number]
        folder = self._folders[node.source.number]
        if node.source.kind == "xml":
            folder = os.path.join(folder, os.path.dirname(node.outside)) if "/" in node.outside else folder
        return self._of_folder(folder)

    def _of_folder(self, folder: str) -> config.Config:
        if self.options.isolated:
            return _NO_CONFIG
        if self._given is not None:
            return self._given
        if folder not in self._by_folder:
            path = self._finder.find(folder)
            self._by_folder[folder] = self._found(path) if path else _NO_CONFIG
        return self._by_folder[folder]

    def _found(self, path: str) -> config.Config:
        if path not in self._files:
            below = config.shown(path)
            try:
                self._files[path] = self._file(path, below or path, below or config.NAME)
            except UsageError as error:
                self.errors.append(f"{error} (judged without it)")
                self._files[path] = _NO_CONFIG
        return self._files[path]

    def _file(self, path: str, label: str, name: str) -> config.Config:
        found = config.read(path, label)
        self._check((*found.select, *found.ignore, *(rule for rule, _ in found.severity)), label)
        expect = tuple((globs, replace(one, by=name)) for globs, one in found.expect)
        target = replace(found.target, by=name, file=os.path.relpath(path)) if found.target is not None else None
        suppress = tuple(_called(one, name) for one in found.suppress)
        return replace(found, path=name, expect=expect, target=target, suppress=suppress)

    def is_lean(self, node: engine.Node) -> bool:
        """Whether only what can be shown of a domain matters: it is in no host, and suppresses nothing."""
        return bool(node.outside) and not self.of(node).suppress and not engine.has_comments(node)

    def _is_apart(self, node: engine.Node) -> bool:
        """Whether nothing of the run but its own file can change what is said of a domain, and it is lean."""
        joined = self.options.host or self.of(node).target is not None or self._host_of(node)
        return not joined and not self.options.settings.all_passes and self.is_lean(node)

    def entries(self, snapshot: engine.Snapshot) -> list[engine.Entries]:
        """Each configuration that suppresses something, with the subjects that it holds for."""
        nodes: dict[str, list[engine.Node]] = {}
        by_path: dict[str, config.Config] = {}
        for node in snapshot.nodes():
            found = self.of(node)
            if found.suppress:
                by_path[found.location] = found
                nodes.setdefault(found.location, []).append(node)
        return [
            engine.Entries(by_path[path].suppress, tuple(mine), partial(self._as_source, by_path[path], snapshot))
            for path, mine in nodes.items()
        ]

    def _as_source(self, found: config.Config, snapshot: engine.Snapshot) -> Source:
        """A configuration of which something is to be said, as one more input."""
        from sevlint.sources.configuration import ConfigurationSource

        source = ConfigurationSource(found.path, found.location, len(snapshot.sources))
        source.load()
        self._told[source.number] = found
        snapshot.sources.append(source)
        return source

    def _check(self, names: Iterable[str], where: str) -> None:
        names = list(names)
        rules = self._offers.known_ids() if names else {}
        unknown = [name for name in names if name not in rules and name not in rules.values()]
        cards = self._offers.card_infos() if unknown else {}
        select.check_names(unknown, rules, [*cards, "logs"] if unknown else (), where)

    def selected(self, info: RuleInfo, cards: dict[str, RuleInfo]) -> bool:
        """Whether --select lets a rule run (a catalogue runs if any of its cards could be wanted)."""
        names = self.options.settings.select
        if not names:
            return True
        return select.chosen(info.id, info.pack, names) or (info.pack == "logs" and any(one in cards for one in names))

    def hides(self, info: RuleInfo, node: engine.Node) -> str:
        """Why a rule's findings about a subject are hidden, or ""."""
        settings, found = self.options.settings, self.of(node)
        if select.chosen(info.id, info.pack, settings.ignore):
            return "by --ignore"
        if settings.select:
            return "" if select.chosen(info.id, info.pack, settings.select) else "by --select"
        if select.chosen(info.id, info.pack, found.ignore):
            return f"ignored by {found.path}"
        if found.select and not select.chosen(info.id, info.pack, found.select):
            return f"not selected by {found.path}"
        return ""

    def regrades(self, info: RuleInfo, node: engine.Node) -> Severity | None:
        """The severity that the configuration gives a rule: by its id, else by its pack."""
        severities = dict(self.of(node).severity)
        return severities.get(info.id, severities.get(info.pack))

    def fail_on(self, node: engine.Node) -> str:
        """--fail-on, else what the configuration of the subject says, else "" for the default."""
        return self.options.fail_on or self.of(node).fail_on


def _called(one: Suppression, name: str) -> Suppression:
    """An entry's place by the name that its configuration has in the report."""
    return replace(one, place=replace(one.place, path=name))


def _today() -> str:
    """The day of the run in UTC; SOURCE_DATE_EPOCH stands for the clock, so that a run can be repeated."""
    import time

    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(int(given) if given else None))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH: {given!r} is no number of seconds since 1970") from error


def _judgement(
    report: Report, subjects: Iterable[engine.Node], configs: _Configs, errors: bool
) -> tuple[int, list[str]]:
    """The exit code, and what configurations changed besides hiding: a line each for the summary."""
    nodes = _by_names(subjects)
    infos = {info.id: info for info in report.rules}
    regraded: dict[str, int] = {}
    limits: dict[str, str] = {}
    deciding: set[str] = set()
    for finding in report.findings:
        node = nodes[_names_of(finding)]
        found, info = configs.of(node), infos[finding.rule]
        if configs.regrades(info, node) not in (None, info.severity):
            regraded[found.path] = regraded.get(found.path, 0) + 1
        if configs.fail_on(node):
            limits[finding.key] = configs.fail_on(node)
        if found.fail_on and not configs.options.fail_on:
            deciding.add(f"`fail-on: {found.fail_on}` of {found.path}")
    strict = configs.options.settings.strict
    code = _exit_code(report, limits, errors=errors, strict=strict)
    default = _exit_code(report, {}, errors=errors, strict=strict)
    changes = [f"{count} {'finding' if count == 1 else 'findings'} regraded by {by}" for by, count in regraded.items()]
    if deciding and code != default:
        changes.append(f"exit code {code} instead of {default}, by {', '.join(sorted(deciding))}")
    return code, changes


_Names = tuple[str, str, str, str]


def _by_names(subjects: Iterable[engine.Node]) -> dict[_Names, engine.Node]:
    """Each subject by the names that its findings carry."""
    found: dict[_Names, engine.Node] = {}
    for node in subjects:
        names = {key: clean.printable(name) for key, name in node.names().items()}
        key = (names["host"], names.get("domain", ""), names.get("guest", ""), names["outside"])
        found.setdefault(key, node)
    return found


def _names_of(finding: Finding) -> _Names:
    return finding.host, finding.domain, finding.guest, finding.outside


def _exit_code(report: Report, limits: Mapping[str, str], *, errors: bool, strict: bool) -> int:
    """`limits`: the level from which each finding counts, by its key; `warning` for those that are not in it."""
    if report.faults:
        return 3
    if errors:
        return 2
    if strict and any(one.kind == "open" for one in report.undecided):
        return 1
    return 1 if any(_counts(one.severity, limits.get(one.key, _FAIL_ON)) for one in report.findings) else 0


def _counts(severity: Severity, limit: str) -> bool:
    return limit != "never" and severity.rank <= Severity(limit).rank


def _remarks(report: Report) -> list[str]:
    """What stderr says of inputs that are no error."""
    other = sum(one.not_domains for one in report.inputs)
    if not other:
        return []
    return ["1 file is no domain XML" if other == 1 else f"{other} files are no domain XML"]


_STDIN = "stdin"


def _uris(sources: Sequence[Source]) -> list[str]:
    """Each input below one root, ready for a URI reference: the git root above, else what all inputs share.

    Inputs of one repository keep its paths beside inputs from elsewhere, unless two files would then have one name.
    """
    places = [None if _is_stream(one) else os.path.realpath(one.location or one.label) for one in sources]
    roots = {path: git_root(path) for path in places if path is not None}
    inside = [path for path, root in roots.items() if root]
    outside = [path for path, root in roots.items() if not root]
    if len({root for root in roots.values() if root}) == 1:
        root = _shared(outside)
        made = {path: os.path.relpath(path, roots[path] or root) for path in roots}
        if not (outside and len(set(made.values())) < len(made)):
            return _numbered(places, made)
    root = _shared([roots[path] or path for path in inside] + outside)
    return _numbered(places, {path: os.path.relpath(path, root) for path in roots})


def _numbered(places: Iterable[str | None], relative: Mapping[str, str]) -> list[str]:
    made, streams = [], 0
    for path in places:
        if path is None:
            streams += 1
            made.append(_STDIN if streams == 1 else f"{_STDIN}-{streams}")
        else:
            uri = relative[path].replace(os.sep, "/")
            made.append("" if uri == "." else clean.uri(uri))
    return made


def _is_stream(source: Source) -> bool:
    """Standard input, and what a shell hands over in its place: its name means nothing later."""
    label = os.path.abspath(source.location or source.label)
    return (
        source.kind == "stdin"
        or label.startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin"))
        or not (os.path.isfile(label) or os.path.isdir(label))
    )


def _shared(paths: Iterable[str]) -> str:
    """The folder that holds all of these files and folders."""
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in paths]
    return os.path.commonpath(folders) if folders else os.curdir


def to_text(report: Report, options: dict[str, Any], offers: plugins.Shelf, name: str) -> str:
    """A report in a format that a reporter makes."""
    return offers.reporters()[name](report, **options)


def printable_diff(diff: bytes) -> str:
    """A diff for a terminal, which must not act on what a file holds; in a pipe its bytes are kept."""
    return "\n".join(clean.printable(line) for line in diff.decode("utf-8", "backslashreplace").split("\n"))


def show_on_terminal(report: Report, show: frozenset[str]) -> None:
    """The text report with colour, on standard output."""
    from sevlint.reporters.text import show_on_terminal as render

    render(report, show=show)

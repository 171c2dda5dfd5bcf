"""The composition root: from options to an exit code. Knows how the rooms are joined, and nothing else.

Exit codes (architecture 7), the highest that holds: 3 a fault of sevlint; 2 usage, configuration, or an input that
could not be opened or read whole; 1 findings at or above --fail-on; 0.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from sevlint import __version__, clean, config, engine, plugins, select
from sevlint.errors import SourceError, UsageError
from sevlint.model import Report, RuleInfo, Settings, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sevlint.sources.base import Source

_LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTE}


class CheckOptions(Struct, frozen=True):
    """What `sevlint check` was asked for. `outputs` are (format, file) pairs beside the main format."""

    paths: tuple[str, ...]
    settings: Settings
    host: str = ""
    guests: tuple[tuple[str, str], ...] = ()
    fail_on: str = ""
    config: str = ""
    isolated: bool = False
    plugins: bool = True


class Checked(Struct, frozen=True):
    """A finished check: the report, its exit code, and lines for stderr."""

    report: Report
    exit_code: int
    errors: tuple[str, ...]
    remarks: tuple[str, ...]


def shelf(*, third_party: bool = True) -> plugins.Shelf:
    """Everything the plugins offer."""
    return plugins.Shelf(plugins.manager(third_party=third_party))


def check(options: CheckOptions, offers: plugins.Shelf) -> Checked:
    """Judge every input. Raises UsageError for what is wrong before any input is read."""
    settings = options.settings
    configs = _Configs(options, offers)
    inputs, errors = _open(options)
    for one in inputs:
        configs.of(one.source.label)
    wide = any(not _only_domains(one.source) for one in inputs)
    registry = offers.registry(frozenset(Subject) if wide else frozenset({Subject.DOMAIN}))
    snapshot = engine.collect(inputs, registry, settings)
    subjects = _subjects(snapshot)
    rules = offers.rules(subjects) if subjects else []
    cards: dict[str, RuleInfo] = {}
    if offers.cards_were_used:
        rules += offers.catalogue(subjects)
        cards = offers.card_infos()
    if wide:
        plugins.check_supply(rules, registry)
    rules = [rule for rule in rules if configs.selected(rule.info, cards)]
    outcomes = engine.judge(rules, snapshot)
    report = engine.report(
        outcomes,
        snapshot,
        settings,
        hide=lambda info, node: configs.hides(info, node.source.label),
        regrade=lambda info, node: configs.regrades(info, node.source.label),
        cards=cards,
        rules=[*(rule.info for rule in rules), *cards.values()],
        version=__version__,
    )
    errors += [f"{source.label}: {source.damage}" for source in snapshot.sources if source.damage]
    errors += snapshot.errors
    report = replace(
        report,
        inputs=tuple(replace(one, uri=uri) for one, uri in zip(report.inputs, _uris(snapshot.sources), strict=True)),
        errors=tuple(clean.printable(error) for error in errors),
    )
    remarks, nothing = _remarks(report, bool(errors))
    remarks += [f"{source.label}: {source.remark}" for source in snapshot.sources if source.remark]
    if nothing:
        errors.append(nothing)
    code = _exit_code(report, configs.fail_on(), bool(errors), settings.strict)
    report = replace(report, exit_code=code)
    printable = tuple(clean.printable(error) for error in errors)
    return Checked(report, code, printable, tuple(clean.printable(one) for one in remarks))


def rule_infos(offers: plugins.Shelf) -> list[RuleInfo]:
    """Every rule and every finding card, sorted by id."""
    infos = [rule.info for rule in offers.rules(frozenset(Subject))]
    return sorted((*infos, *offers.card_infos().values()), key=lambda info: info.id)


def _open(options: CheckOptions) -> tuple[list[engine.Input], list[str]]:
    """Open every input; what cannot be opened is one line, and the others are judged all the same."""
    from sevlint.sources.opening import open_source

    wanted = [(path, False, "") for path in options.paths]
    wanted += [(options.host, True, "")] if options.host else []
    wanted += [(path, False, name) for name, path in options.guests]
    if sum(path == "-" for path, _, _ in wanted) > 1:
        raise UsageError("standard input (-) can be named once")
    inputs: list[engine.Input] = []
    errors: list[str] = []
    for path, lent, tie in wanted:
        try:
            inputs.append(engine.Input(open_source(path, len(inputs)), lent, tie))
        except SourceError as error:
            errors.append(str(error))
    return inputs, errors


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
    """The configuration that holds for each input, and what it decides."""

    def __init__(self, options: CheckOptions, offers: plugins.Shelf) -> None:
        self._options = options
        self._offers = offers
        self._by_path: dict[str, config.Config] = {}
        self._files: dict[str, config.Config] = {}
        settings = options.settings
        if settings.select or settings.ignore:
            self._check((*settings.select, *settings.ignore), "--select/--ignore")
        if options.config:
            self._file(options.config)

    def of(self, label: str) -> config.Config:
        """The configuration for an input PATH."""
        if self._options.isolated:
            return config.Config()
        if label not in self._by_path:
            path = self._options.config or config.find("." if label == "-" else label)
            self._by_path[label] = self._file(path) if path else config.Config()
        return self._by_path[label]

    def _file(self, path: str) -> config.Config:
        if path not in self._files:
            found = config.read(path)
            self._check((*found.select, *found.ignore, *(rule for rule, _ in found.severity)), path)
            self._files[path] = found
        return self._files[path]

    def _check(self, names: Iterable[str], where: str) -> None:
        names = list(names)
        rules = self._offers.known_ids()
        unknown = [name for name in names if name not in rules and name not in rules.values()]
        cards = self._offers.card_infos() if unknown else {}
        select.check_names(unknown, rules, [*cards, "logs"] if unknown else (), where)

    def selected(self, info: RuleInfo, cards: dict[str, RuleInfo]) -> bool:
        """Whether --select lets a rule run (a catalogue runs if any of its cards could be wanted)."""
        names = self._options.settings.select
        if not names:
            return True
        return select.chosen(info.id, info.pack, names) or (info.pack == "logs" and any(one in cards for one in names))

    def hides(self, info: RuleInfo, label: str) -> str:
        """Why a rule's findings in an input are hidden, or ""."""
        settings, found = self._options.settings, self.of(label)
        if select.chosen(info.id, info.pack, settings.ignore):
            return "by --ignore"
        if settings.select:
            return "" if select.chosen(info.id, info.pack, settings.select) else "by --select"
        name = os.path.basename(found.path)
        if select.chosen(info.id, info.pack, found.ignore):
            return f"ignored by {name}"
        if found.select and not select.chosen(info.id, info.pack, found.select):
            return f"not selected by {name}"
        return ""

    def regrades(self, info: RuleInfo, label: str) -> Severity | None:
        """The severity that the configuration gives a rule."""
        return dict(self.of(label).severity).get(info.id)

    def fail_on(self) -> str:
        """--fail-on, else the strictest that a configuration names, else warning."""
        if self._options.fail_on:
            return self._options.fail_on
        named = [found.fail_on for found in self._by_path.values() if found.fail_on]
        order = ("note", "warning", "error", "never")
        return min(named, key=order.index) if named else "warning"


def _exit_code(report: Report, fail_on: str, errors: bool, strict: bool) -> int:
    if report.faults:
        return 3
    if errors:
        return 2
    if strict and any(one.kind == "open" for one in report.undecided):
        return 1
    if fail_on == "never":
        return 0
    limit = _LEVELS[fail_on].rank
    return 1 if any(finding.severity.rank <= limit for finding in report.findings) else 0


def _remarks(report: Report, errors: bool) -> tuple[list[str], str]:
    """Remarks for stderr, and the error line of a run that judged nothing at all ("" otherwise)."""
    other = sum(one.not_domains for one in report.inputs)
    remarks = []
    if other:
        remarks.append("1 file is no domain XML" if other == 1 else f"{other} files are no domain XML")
    judged = sum(one.judged for one in report.inputs)
    if judged == 0 and not errors:
        if other:
            remarks.append("nothing was judged: no domain XML among the inputs")
        else:
            names = ", ".join(one.path for one in report.inputs)
            return remarks, (
                f"{names}: nothing in it that sevlint knows; name a sosreport, a copied host tree, "
                "a folder of domain XML, or single files of these"
            )
    return remarks, ""


_STDIN = "stdin"


def _uris(sources: Sequence[Source]) -> list[str]:
    """Each input below one root, ready for a URI reference: the git root above, else what all inputs share.

    Inputs of one repository keep its paths beside inputs from elsewhere, unless two files would then have one name.
    """
    places = [None if _is_stream(one) else os.path.realpath(one.label) for one in sources]
    roots = {path: _git_root(path) for path in places if path is not None}
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
    label = os.path.abspath(source.label)
    return (
        source.kind == "stdin"
        or label.startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin"))
        or not (os.path.isfile(label) or os.path.isdir(label))
    )


def _git_root(path: str) -> str:
    """The folder with `.git` at or above a path, or ""."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


def _shared(paths: Iterable[str]) -> str:
    """The folder that holds all of these files and folders."""
    folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in paths]
    return os.path.commonpath(folders) if folders else os.curdir


def to_text(report: Report, options: dict[str, Any], offers: plugins.Shelf, name: str) -> str:
    """A report in a named format. Raises UsageError for a format that nothing makes."""
    reporters = offers.reporters()
    if name not in reporters:
        raise UsageError(f"no format is called {name!r}; there are {', '.join(sorted(reporters))}")
    return reporters[name](report, **options)


def show_on_terminal(report: Report, show: frozenset[str]) -> None:
    """The text report with colour, on standard output."""
    from sevlint.reporters.text import show_on_terminal as render

    render(report, show=show)

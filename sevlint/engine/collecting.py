"""Inputs -> Snapshot: every source is loaded in one pass and its evidence sorted to hosts, domains and guests."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from msgspec import Struct, structs

from sevlint.engine.snapshot import VIEW_RANK, Loaded, Made, Node, Registry, Snapshot, damage_of
from sevlint.errors import ParseError, SourceError
from sevlint.facts.cpu import Cpuinfo, of_generation
from sevlint.facts.domain import Domain, DomainXml, FoundDomain, Setting, SharedSession
from sevlint.facts.goals import DomainGoalSigns, Expected, GuestGoalSigns, HostGoalSigns
from sevlint.facts.kernel import KernelVersion
from sevlint.facts.log import AuditLogReading, KernelLog, KernelLogReading, LogReading, QemuLogReading
from sevlint.facts.platform import Component, Dmi, StackVersions
from sevlint.model import (
    Completeness,
    Evidence,
    Expectation,
    Gap,
    GapReason,
    Goal,
    Goals,
    Place,
    Settings,
    Subject,
    Target,
    View,
)
from sevlint.parsers.base import Parser, Text
from sevlint.sources.base import File, Layout, NamedFile, Source, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevlint.engine.apart import Apart, Helpers


class Input(Struct, frozen=True):
    """One source and how it was named. `tie`: the domain that a `--guest NAME=PATH` belongs to."""

    source: Source
    lent: bool = False
    tie: str = ""


class Site(Struct, frozen=True):
    """What configuration files say of a domain outside any host: what is demanded of it, and where it will run.

    `lends` gives the number of the source of a host; `is_apart`: that nothing of the kind holds, nor a suppression, so
    that another process may judge it.
    """

    expects: Callable[[Node], Expectation | None] = lambda node: None
    lends: Callable[[Node], int | None] = lambda node: None
    target: Callable[[Node], Target | None] = lambda node: None
    is_apart: Callable[[Node], bool] = lambda node: False


def collect(
    inputs: Sequence[Input],
    registry: Registry,
    settings: Settings,
    site: Site | None = None,
    before: Snapshot | None = None,
    helpers: Helpers | None = None,
) -> Snapshot:
    """Load every source and sort its evidence to hosts, domains and guests. Damaged sources give what they have.

    `before`: a snapshot of the same inputs, which are not read again; what was changed in their files since counts.
    """
    snapshot = Snapshot(registry)
    site = site or Site()
    if helpers is not None:
        snapshot.loaded.update(helpers.load(inputs))
    for one in inputs:
        _read(snapshot, one.source, before)
    if helpers is not None:
        _judge_apart(snapshot, inputs, site, helpers)
    for one in inputs:
        _Collector(snapshot, one, settings).run()
    _name_apart(snapshot)
    _group(snapshot)
    _join_logs(snapshot)
    _lend(snapshot)
    _tie(snapshot)
    _expect(snapshot, site)
    _share_sessions(snapshot)
    _set_goals(snapshot, settings)
    return snapshot


def lend(
    snapshot: Snapshot,
    hosts: Sequence[Input],
    registry: Registry,
    settings: Settings,
    site: Site,
    before: Snapshot | None = None,
) -> None:
    """Load hosts that configurations name, once it is known which domains ask for them, and lend them.

    Where none is named, a configuration's `target` makes one.
    """
    if registry.combiners != snapshot.registry.combiners:
        for node in snapshot.domains:
            node.apart = None  # it was judged where fewer facts could be made
    snapshot.widen(registry)
    for one in hosts:
        _read(snapshot, one.source, before)
        _Collector(snapshot, one, settings).run()
    _name_apart(snapshot)
    by_source = {host.source.number: host for host in snapshot.hosts if host.lent}
    targets: dict[Target, Node] = {}
    for node in snapshot.domains:
        if node.parent is not None:
            continue
        number, target = site.lends(node), site.target(node)
        if number in by_source:
            node.parent = by_source[number]
        elif target is not None:
            if target not in targets:
                targets[target] = _target_node(target, snapshot)
                snapshot.hosts.append(targets[target])
            node.parent = targets[target]
    _set_goals(snapshot, settings)


def _read(snapshot: Snapshot, source: Source, before: Snapshot | None) -> None:
    snapshot.sources.append(source)
    known = snapshot if before is None else before
    snapshot.loaded[source.number] = known.loaded.get(source.number) or load(snapshot, source)


def _judge_apart(snapshot: Snapshot, inputs: Sequence[Input], site: Site, helpers: Helpers) -> None:
    """Have the files judged of which nothing else of the run can change a verdict."""
    from sevlint.engine.apart import Sheet

    sheets = []
    for one in inputs:
        source = one.source
        if one.lent or one.tie or source.kind not in ("xml", "file", "stdin"):
            continue
        for path, name in source.recognised.items():
            file = source.files.get(path)
            node = Node(Subject.DOMAIN, "", source)
            node.outside = f"{path}#1"
            if name == "domain.xml" and file is not None and _is_read(file) and site.is_apart(node):
                sheets.append(Sheet(source.number, source.kind, file, site.expects(node)))
    for judged in helpers.judge(sheets):
        snapshot.apart.update(judged.domains)
        snapshot.faults += judged.faults
        snapshot.errors += [judged.lost] if judged.lost else []


def _is_read(file: File) -> bool:
    return file.complete is not Completeness.UNREADABLE


def load(snapshot: Snapshot, source: Source) -> Loaded:
    """Ask a source for all that any layout keeps; logs are scanned as they pass."""
    registry = snapshot.registry
    keep: list[str] = []
    logs: list[str] = []
    listed: list[str] = []
    for evidence in snapshot.evidence.values():
        paths = [path for layout in registry.layouts for path in layout.paths(evidence)]
        target = logs if evidence.log else listed if evidence.listing else keep
        target.extend(paths)
    keep.extend(layout.manifest for layout in registry.layouts if layout.manifest)
    found: list[tuple[str, str, LogReading]] = []

    def scan_log(path: str, chunks: Iterator[bytes], complete: Completeness) -> None:
        for evidence in registry.logs:
            name = source.recognised.get(path)
            patterns = [one for layout in registry.layouts for one in layout.paths(evidence)]
            if name == evidence.name or any(glob(pattern).fullmatch(path) for pattern in patterns):
                scan = registry.scan(evidence.log, path, source.number, complete)
                try:
                    for chunk in chunks:
                        scan.feed(chunk)
                except ParseError as error:
                    scan.cut_short(error.why)
                found.append((evidence.name, path, scan.finish()))
                return

    try:
        source.load(Wanted(_unique(keep), _unique(logs), _unique(listed), scan_log))
    except SourceError as error:
        return Loaded(tuple(found), str(error))
    return Loaded(tuple(found))


class _Collector:
    """Sorts one source's files."""

    def __init__(self, snapshot: Snapshot, given: Input, settings: Settings) -> None:
        self.snapshot = snapshot
        self.given = given
        self.source = given.source
        self.settings = settings
        loaded = snapshot.loaded[given.source.number]
        self.logs = list(loaded.logs)
        snapshot.errors += [loaded.error] if loaded.error else []

    def run(self) -> None:
        registry, source = self.snapshot.registry, self.source
        names = [*source.files, *(path for path, _, _ in self.logs)]
        layout = registry.choose_layout(names, source.layout_hint())
        self.snapshot.layouts[source.number] = layout
        self._cut_short(layout)
        texts = self._texts(layout)
        domains = {one.name for parser in registry.parsers if parser.splits for one in parser.reads}
        machine = {name: found for name, found in texts.items() if name not in domains}
        machine_logs = [reading for _, _, reading in self.logs if not isinstance(reading, QemuLogReading)]
        # links to domains beside their XML make no machine of a folder
        is_machine = machine_logs or any(not name.startswith(_AUTOSTART) for name in machine)
        node = self._machine(machine, machine_logs) if is_machine else None
        self._domains(texts, node)

    def _cut_short(self, layout: Layout) -> None:
        """Mark what the collector says it did not get whole; a log among it proves nothing by what it lacks."""
        manifest = self.source.files.get(layout.manifest) if layout.manifest else None
        if manifest is None:
            return
        from sevlint.sources.manifest import incomplete_outputs

        cut = incomplete_outputs(manifest.data)
        for path, complete in cut.items():
            file = self.source.files.get(path)
            if file is not None and file.complete is Completeness.WHOLE:
                self.source.files[path] = structs.replace(file, complete=complete, why=complete.value)
        self.logs = [
            (name, path, structs.replace(log, whole=False, why_not_whole=cut[path].value) if path in cut else log)
            for name, path, log in self.logs
        ]

    def _texts(self, layout: Layout) -> dict[str, list[Text]]:
        """Canonical evidence name -> files, best first (for `many` evidence every file, in path order)."""
        found: dict[str, list[Text]] = {}
        known = {name: path for path, name in self.source.recognised.items()}
        for evidence in self.snapshot.evidence.values():
            if evidence.log:
                continue
            for pattern in layout.paths(evidence):
                paths = self._matches(pattern)
                if paths:
                    texts = [self._text(evidence, path, layout) for path in paths]
                    found.setdefault(evidence.name, []).extend(texts)
                    if not evidence.many:
                        break
            if evidence.name in known and evidence.name not in found:
                paths = sorted(path for path, name in self.source.recognised.items() if name == evidence.name)
                paths = [path for path in paths if path in self.source.files]
                if paths:
                    found[evidence.name] = [self._text(evidence, path, layout) for path in paths]
        return found

    def _matches(self, pattern: str) -> list[str]:
        if "*" not in pattern and "{" not in pattern:
            return [pattern] if pattern in self.source.files else []
        matcher = glob(pattern)
        return sorted(path for path in self.source.files if matcher.fullmatch(path))

    def _text(self, evidence: Evidence, path: str, layout: Layout) -> Text:
        file = self.source.files[path]
        complete = file.complete
        if complete is Completeness.WHOLE and evidence.name in layout.filtered:
            complete = Completeness.FILTERED
        elif complete is Completeness.WHOLE and layout.stripped:
            complete = Completeness.STRIPPED
        return Text(
            path,
            file.data,
            name=evidence.name,
            source=self.source.number,
            complete=complete,
            kind=file.kind,
            mode=file.mode,
            owner=file.owner,
            note=file.why,
        )

    def _machine(self, texts: dict[str, list[Text]], logs: list[LogReading]) -> Node:
        label = self.source.label
        name = _stem(os.path.abspath(label) if label.strip("./") == "" else label)
        node = Node(Subject.HOST, self.given.tie or name, self.source)
        node.tie = self.given.tie
        node.texts = texts
        for kind in (KernelLogReading, AuditLogReading):
            node.readings[kind] = [Made(reading) for reading in logs if isinstance(reading, kind)]
        node.named, node.lent = not self.given.lent, self.given.lent
        node.subject, node.notice = self._classify(node)
        if node.subject is Subject.GUEST:
            node.readings.pop(QemuLogReading, None)
            self.snapshot.guests.append(node)
        else:
            self.snapshot.hosts.append(node)
        return node

    def _classify(self, node: Node) -> tuple[Subject, str]:
        """Host or guest (architecture 8), and what the header says about a guess."""
        if self.given.tie:
            return Subject.GUEST, ""
        if self.settings.treat_as is not None and not self.given.lent:
            return self.settings.treat_as, ""
        snapshot = self.snapshot
        dmi, cpu, log = (snapshot.get(node, kind) for kind in (Dmi, Cpuinfo, KernelLog))
        signs = snapshot.get(node, GuestGoalSigns) if log is not None or cpu is not None else None
        in_vm = bool(
            (isinstance(dmi, Dmi) and dmi.is_virtual)
            or (isinstance(cpu, Cpuinfo) and cpu.in_vm)
            or (signs is not None and signs.signs)
            or (isinstance(log, KernelLog) and log.last("hypervisor-detected", "tdx-guest-detected") is not None)
        )
        drives = isinstance(log, KernelLog) and any(
            line.card.startswith(("kvm-", "ccp-", "rmp-", "amd-vi-", "tdx-host")) for line in log.hits
        )
        on_metal = drives or (isinstance(dmi, Dmi) and not dmi.is_virtual) or (cpu is not None and not in_vm)
        if in_vm and on_metal:
            return Subject.HOST, "it looks like a host inside a VM (nested); --as guest judges it as a guest"
        if not in_vm and not on_metal:
            return Subject.HOST, "nothing says whether this is a host or a guest; taken for a host (--as guest)"
        return (Subject.GUEST if in_vm else Subject.HOST), ""

    def _domains(self, texts: dict[str, list[Text]], machine: Node | None) -> None:
        host = machine if machine is not None and machine.subject is Subject.HOST else None
        for parser in self.snapshot.registry.parsers:
            if not parser.splits:
                continue
            for evidence in parser.reads:
                for text in texts.get(evidence.name, ()):
                    self._split(parser, text, host)
        for evidence_name, path, reading in self.logs:
            if isinstance(reading, QemuLogReading):
                self._attach_log(evidence_name, path, reading, host)

    def _split(self, parser: Parser, text: Text, host: Node | None) -> None:
        aparts = self.snapshot.apart.get((self.source.number, text.path))
        if aparts is not None:
            for apart in aparts:
                self._take_in(apart, parser, text)
            return
        if text.complete is Completeness.UNREADABLE:
            gap = Gap((text.name,), GapReason.UNREADABLE, text.note, text.place())
            found: Sequence[FoundDomain] = (FoundDomain(_stem(text.path), "", View.AT_REST, 1, gap, lambda: gap),)
            if host is None:
                self.snapshot.errors.append(f"{text.path}: {text.note or 'could not be read'}")
        else:
            made = self.snapshot.parse(host or Node(Subject.DOMAIN, text.path, self.source), parser, text)
            gap = made.value
            unread = (FoundDomain(_stem(text.path), "", View.AT_REST, 1, gap, lambda: gap),)
            found = unread if made.is_gap else made.value
        for one in found:
            node = self._domain_node(one.name, one.view, host)
            node.uuid = one.uuid.lower()
            node.outside = "" if host is not None else f"{text.path}#{one.ordinal}"
            node.made[DomainXml] = Made(one.xml, damage_of(text))
            node.later[Domain] = (one.read, damage_of(text))

    def _take_in(self, apart: Apart, parser: Parser, text: Text) -> None:
        """A domain that another process judged; who asks for more of it reads its file again."""
        node = self._domain_node(apart.name, apart.view, None)
        node.uuid = apart.uuid
        node.outside = f"{text.path}#{apart.ordinal}"
        node.apart = apart
        node.made[DomainXml] = Made(apart.xml, damage_of(text))

        def read() -> Domain | Gap:
            found = self.snapshot.parse(node, parser, text)
            if found.is_gap:
                return cast("Gap", found.value)
            views = (one for one in found.value if (one.ordinal, one.view) == (apart.ordinal, apart.view))
            return cast("Domain | Gap", next(views).read())

        node.later[Domain] = (read, damage_of(text))
        if apart.signs is not None:
            node.made[DomainGoalSigns] = apart.signs

    def _domain_node(self, name: str, view: View | None, host: Node | None) -> Node:
        node = Node(Subject.DOMAIN, name, self.source, host)
        node.view = view
        node.lent = self.given.lent
        node.named = host is None and self.source.kind in ("file", "stdin")
        if host is not None:
            host.children.append(node)
        self.snapshot.domains.append(node)
        return node

    def _attach_log(self, evidence: str, path: str, reading: QemuLogReading, host: Node | None) -> None:
        """A VM's log belongs to every view of the domain of its name; a log alone is a domain of its own.

        But not on a host whose domain XML was collected: what is not among it was undefined, and its log is history.
        """
        log_of = _LOG_OF.search(path)
        name = log_of.group(1) if log_of else _stem(path)
        views = [node for node in self.snapshot.domains if node.source is self.source and node.name == name]
        if not views and host is not None and host.children:
            return
        if not views:
            node = self._domain_node(name, None, host)
            node.outside = "" if host is not None else path
            wanted = ("etc/libvirt/qemu/*.xml",)
            node.made[DomainXml] = node.made[Domain] = Made(Gap(wanted, GapReason.ABSENT, f"of domain {name}"))
            views = [node]
        for node in views:
            node.readings.setdefault(QemuLogReading, []).append(Made(reading))


_AUTOSTART = "etc/libvirt/qemu/autostart/"
_LOG_OF = re.compile(r"libvirt[./]qemu[./](.+)\.log(?:\.tailed)?$")
"""The name of the domain in a log's path, also where sos keeps its tail (snapshots 1.5)."""


def _unique(items: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


_GLOBS: dict[str, re.Pattern[str]] = {}


def glob(pattern: str) -> re.Pattern[str]:
    """A path pattern as a regular expression: `*` and `{domain}` stay within one component."""
    if pattern not in _GLOBS:
        parts = re.split(r"(\*|\{domain\})", pattern)
        _GLOBS[pattern] = re.compile(
            "".join("[^/]*" if part in ("*", "{domain}") else re.escape(part) for part in parts)
        )
    return _GLOBS[pattern]


_PACKED = (".xz", ".gz", ".bz2")
_SUFFIXES = (".tgz", ".txz", ".tar", ".yaml", ".yml", ".xml", ".log", ".txt")


def _stem(path: str) -> str:
    """The last component without what says how it is packed and of which kind it is."""
    name = path.rstrip("/").rsplit("/", 1)[-1]
    for suffixes in (_PACKED, _SUFFIXES):
        found = next((one for one in suffixes if name.endswith(one) and name != one), "")
        name = name.removesuffix(found)
    return name or path


def _name_apart(snapshot: Snapshot) -> None:
    """Hosts (and guests) of one name get as much of their PATH as tells them apart."""
    for nodes in (snapshot.hosts, snapshot.guests):
        by_name: dict[str, list[Node]] = {}
        for node in nodes:
            by_name.setdefault(node.name, []).append(node)
        for same in by_name.values():
            paths = [[part for part in node.source.label.split("/") if part] for node in same]
            for depth in range(2, 6):
                names = ["/".join(path[-depth:]) for path in paths]
                if len(same) == 1 or len(set(names)) == len(names):
                    break
            for node, name in zip(same, names, strict=True) if len(same) > 1 else ():
                node.name = name


def _group(snapshot: Snapshot) -> None:
    """The views of one VM: within a host its name, or its uuid where one name has several (masked names).

    Outside a host each `<domain>` element is a domain of its own.
    """
    uuids: dict[tuple[int, str, View | None], set[str]] = {}
    for node in snapshot.domains:
        if node.parent is not None and node.uuid:
            uuids.setdefault((node.source.number, node.name, node.view), set()).add(node.uuid)
    masked = {(source, name) for (source, name, _), found in uuids.items() if len(found) > 1}
    for node in snapshot.domains:
        name = node.outside or node.name
        if (node.source.number, node.name) in masked and node.uuid:
            name = f"{name} {node.uuid}"
        node.group = f"{node.source.number}:{name}"


def _join_logs(snapshot: Snapshot) -> None:
    """A QEMU log and a domain XML that were both named themselves are of one VM if their name is, and is unique."""
    alone = [node for node in snapshot.domains if node.named and node.view is None]
    for log in alone:
        views = [node for node in snapshot.domains if node.named and node.view is not None and node.name == log.name]
        if len({node.group for node in views}) != 1 or sum(one.name == log.name for one in alone) != 1:
            continue
        for node in views:
            node.readings.setdefault(QemuLogReading, []).extend(log.readings[QemuLogReading])
        snapshot.domains.remove(log)


def _lend(snapshot: Snapshot) -> None:
    """Lend domains outside any host the one that `--host` names."""
    lent = next((host for host in snapshot.hosts if host.lent), None)
    for node in snapshot.domains:
        if node.parent is None and lent is not None:
            node.parent = lent


def _tie(snapshot: Snapshot) -> None:
    """Tie guests to their domains."""
    for guest in snapshot.guests:
        found = _domain_of(guest, snapshot)
        if found is not None:
            guest.parent = found
            found.children.append(guest)
        elif guest.tie:
            snapshot.errors.append(
                f"--guest {guest.tie}={guest.source.label}: no domain of that name is among the inputs"
            )


def _target_node(target: Target, snapshot: Snapshot) -> Node:
    """A host of which only the configuration tells: versions, and what its generation of CPU can do (amd-host 1.3)."""
    source = next((one for one in snapshot.sources if one.label == target.file), None)
    if source is None:
        source = NamedFile(target.file, len(snapshot.sources))
        snapshot.sources.append(source)
        snapshot.layouts[source.number] = snapshot.registry.choose_layout((), "bare")
    node = Node(Subject.HOST, f"target of {target.by}", source)
    node.lent = node.is_target = True

    def place(what: str) -> Place:
        return Place(target.file, note=f"target: {what}", source=source.number)

    def component(name: str, version: tuple[int, ...]) -> Component | None:
        text = ".".join(map(str, version))
        return Component(version, text, place(f"{name} {text}")) if version else None

    if target.qemu or target.libvirt:
        qemu, libvirt = component("qemu", target.qemu), component("libvirt", target.libvirt)
        node.made[StackVersions] = Made(StackVersions(qemu, libvirt, place("versions")))
    if target.kernel:
        text = ".".join(map(str, target.kernel))
        major, minor = (*target.kernel, 0)[:2]
        node.made[KernelVersion] = Made(KernelVersion(text, (major, minor), False, place(f"kernel {text}")))
    if target.cpu:
        node.made[Cpuinfo] = Made(of_generation(target.cpu, place(f"cpu {target.cpu}")))
    return node


def _expect(snapshot: Snapshot, site: Site) -> None:
    """Tell each domain outside any host what its configuration demands of it."""
    for node in snapshot.domains:
        expectation = site.expects(node) if node.outside else None
        if expectation is not None:
            node.made[Expected] = Made(Expected(expectation))


def _share_sessions(snapshot: Snapshot) -> None:
    """Tell each domain which others hold its launch session: no rule sees the siblings of a domain.

    Views and copies of one VM, which its name or uuid shows, are none.
    """
    holding: dict[str, list[tuple[Node, Place]]] = {}
    for node in snapshot.domains:
        xml = node.made[DomainXml].value
        launch = xml.launch if isinstance(xml, DomainXml) else None
        if launch is None or all(one.tag != "session" for one in launch.children):
            continue
        domain = snapshot.get(node, Domain)
        session = domain.launch_security.blob("session") if domain is not None and domain.launch_security else None
        if session is not None:
            holding.setdefault("".join(session.text.split()), []).append((node, session.place))
    for found in holding.values():
        for node, _ in found:
            others = tuple(
                Setting(one.name, place)
                for one, place in found
                if one.name != node.name and not (node.uuid and one.uuid == node.uuid)
            )
            if others:
                node.apart = None  # another process did not see them all
                node.made[SharedSession] = Made(SharedSession(others))


def _domain_of(guest: Node, snapshot: Snapshot) -> Node | None:
    """By the name that `--guest` gave, else by DMI uuid, else by the one domain of its name that no uuid denies."""
    domains = sorted(snapshot.domains, key=lambda one: VIEW_RANK[one.view])
    if guest.tie:
        return next((node for node in domains if node.name == guest.tie), None)
    dmi = snapshot.get(guest, Dmi)
    uuid = dmi.product_uuid.lower() if dmi else ""
    if uuid and (by_uuid := next((node for node in domains if node.uuid == uuid), None)):
        return by_uuid
    same = [node for node in domains if node.name == guest.name and not (uuid and node.uuid)]
    return same[0] if len({node.group for node in same}) == 1 else None


def _set_goals(snapshot: Snapshot, settings: Settings) -> None:
    asked = frozenset(settings.goals)
    by_group: dict[str, Goals] = {}
    for node in snapshot.domains:
        signs = None if _is_plain(node) else snapshot.get(node, DomainGoalSigns)
        found = signs.signs if signs else ()
        wanted = frozenset(sign.goal for sign in found if sign.goal is not None) | (
            asked if node.named else frozenset()
        )
        expected = node.made.get(Expected)
        if expected is not None and not found:
            wanted |= {expected.value.expectation.goal}
        unclear = any(sign.goal is None for sign in found)
        before = by_group.get(node.group, Goals())
        by_group[node.group] = Goals(before.wanted | wanted, before.unclear or unclear)
    for node in snapshot.domains:
        node.goals = by_group[node.group]
    for guest in snapshot.guests:
        signs_of_guest = snapshot.get(guest, GuestGoalSigns)
        own = frozenset(sign.goal for sign in signs_of_guest.signs if sign.goal) if signs_of_guest else frozenset()
        tied = guest.parent.goals.wanted if guest.parent is not None else frozenset()
        guest.goals = Goals(_strongest(own) | tied | (asked if guest.named else frozenset()))
    for host in snapshot.hosts:
        signs_of_host = snapshot.get(host, HostGoalSigns)
        requests = signs_of_host.signs if signs_of_host else ()
        wanted = frozenset(sign.goal for sign in requests if sign.goal is not None)
        inner = [node for node in snapshot.domains if node.host is host]
        wanted |= frozenset(goal for node in inner for goal in node.goals.wanted)
        if host.named:
            wanted |= asked
        known = any(not made.is_gap for node in inner if (made := snapshot.ask(node, Domain)))
        unknown = ""
        if not wanted and not known and signs_of_host is not None and signs_of_host.capable:
            flags = ", ".join(f"--goal {goal.value}" for goal in signs_of_host.capable)
            unknown = f"nothing collected shows what this host is meant to run; judge it for that with one of {flags}"
        host.goals = Goals(wanted, any(node.goals.unclear for node in inner), unknown)


def _is_plain(node: Node) -> bool:
    """Nothing in its XML may ask for protection, and no log tells of a start: asking costs what judging it would."""
    made = node.made.get(DomainXml)
    xml = made.value if made is not None else None
    if not isinstance(xml, DomainXml) or xml.launch_elements or xml.passes_arguments:
        return False
    return QemuLogReading not in node.readings


def _strongest(goals: frozenset[Goal]) -> frozenset[Goal]:
    """A guest's proof lines are cumulative: SEV-SNP names SEV and SEV-ES too (guest-and-swiotlb 3.1)."""
    for goal in (Goal.SEV_SNP, Goal.SEV_ES):
        if goal in goals:
            return (goals - {Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP}) | {goal}
    return goals

"""`--fix` and `--diff`: edits are applied to what was read, in rounds, and judged again before anything is written.

Only domain XML in files that were named or walked is changed: a snapshot is evidence, and what runs is libvirt's own.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from sevlint import clean, engine, files
from sevlint.edits import Document, Patch, loses_comment, replacements, splices
from sevlint.errors import EditError
from sevlint.facts.domain import DomainXml
from sevlint.model import Completeness, Edit, Fault, Finding, Place, Replacement, Report, View

if TYPE_CHECKING:
    from sevlint.sources.base import Source

ROUNDS = 10
_LIBVIRTS = ("/etc/libvirt/", "/run/libvirt/", "/var/lib/libvirt/")
"""Where libvirt keeps what only `virsh edit` may change, on a host or in a copy of one."""
_STREAMS = ("/dev/", "/proc/")
_DUMP = "a live dump of a running domain (it has an id): keep `virsh dumpxml --inactive` instead"


Told = tuple[Report, Mapping[str, tuple[Edit, Place]]]
"""One judgement: the report, and by a finding's key the edit that mends it and the place that it is about."""


class _File:
    """A file with domains. `homes` are the inputs that it was read for; `fixed` the rules whose edits are in.

    `why_not` says why it may not be changed, or ""; `domains` the same of each domain, by the number of its element.
    """

    def __init__(self, name: str, data: bytes, why_not: str) -> None:
        self.name = name
        self.before = data
        self.data = data
        self.why_not = why_not
        self.domains: dict[int, str] = {}
        self.homes: list[tuple[Source, str]] = []
        self.fixed: list[str] = []

    def put(self, data: bytes) -> None:
        """What the next judgement sees."""
        self.data = data
        for source, path in self.homes:
            source.files[path] = structs.replace(source.files[path], data=data)

    def refuses(self, element: int) -> str:
        """Why nothing may be changed there, or ""."""
        start = max((one for one in self.domains if one <= element), default=min(self.domains))
        return self.why_not or self.domains[start]


_Files = dict[tuple[int, str], _File]
"""By the number of the input and the path in it."""


def _files(snapshot: engine.Snapshot, wanted: Container[tuple[int, str]] | None = None) -> _Files:
    """The files that hold domains, or those of them that are wanted; one that was named twice is one."""
    found: _Files = {}
    by_real: dict[str, _File] = {}
    for node in snapshot.domains:
        source = node.source
        made = node.made.get(DomainXml)
        xml = made.value if made is not None else None
        home = source.number, xml.path if isinstance(xml, DomainXml) else ""
        file = source.files.get(home[1])
        if not isinstance(xml, DomainXml) or file is None or (wanted is not None and home not in wanted):
            continue
        if home not in found:
            name = os.path.join(source.label, home[1]) if source.kind == "xml" else home[1]
            real = os.path.realpath(name)
            why = _why_not(node, name, real) or ("" if file.complete is Completeness.WHOLE else "it is not whole")
            one = _File(name, file.data, why) if why else by_real.setdefault(real, _File(name, file.data, ""))
            one.homes.append((source, home[1]))
            found[home] = one
        found[home].domains[xml.place.element or 0] = _runs(node, xml)
    return found


def _why_not(node: engine.Node, name: str, real: str) -> str:
    """Why the file of a domain is never changed, or ""."""
    if node.lent:
        return "what --host names is never changed"
    if node.source.kind == "stdin" or os.path.abspath(name).startswith(_STREAMS):
        return "standard input cannot be changed"
    if node.source.kind not in ("file", "xml"):
        return "no snapshot is changed, for it is evidence"
    if any(one in real for one in _LIBVIRTS):
        return "libvirt's own folders are changed by `virsh edit`"
    try:
        regular = stat.S_ISREG(os.stat(real).st_mode)
    except (OSError, ValueError):
        regular = False
    return "" if regular else "standard input cannot be changed"


def _runs(node: engine.Node, xml: DomainXml) -> str:
    """Why one domain of a file is never changed, or ""."""
    if xml.root != "domain":
        return f"a <{xml.root}> is libvirt's own record"
    return _DUMP if node.view is View.LIVE else ""


def _place_of(edit: Edit, among: _Files) -> tuple[_File | None, str]:
    """The one file that all changes are in, if it may be changed; else why not."""
    homes = {(one.place.source, one.place.path) for one in edit.changes}
    file = among.get(next(iter(homes))) if len(homes) == 1 else None
    if file is None:
        return None, "it is in no domain's file"
    why = next((why for one in edit.changes if (why := file.refuses(one.place.element or 0))), "")
    return (None, why) if why else (file, "")


def _file_of(edit: Edit, among: _Files) -> _File | None:
    return _place_of(edit, among)[0]


def prospects(snapshot: engine.Snapshot, edits: Mapping[str, tuple[Edit, Place]]) -> tuple[str, ...]:
    """What --fix could do about a report, a line each; nothing is said of files that are evidence."""
    mine = [edit for edit, _ in edits.values()]
    files = _files(snapshot, {(one.place.source, one.place.path) for edit in mine for one in edit.changes})
    documents = _Documents()
    safe = unsafe = live = 0
    for edit in mine:
        file, why = _place_of(edit, files)
        live += why == _DUMP
        document = documents.of(file) if file is not None else None
        if document is None:
            continue
        try:
            is_safe = edit.safe and not loses_comment(document, edit.changes)
        except EditError:
            continue
        safe, unsafe = safe + is_safe, unsafe + (not is_safe)
    lines = []
    if safe:
        more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
        lines.append(f"{_count(safe)}: --fix{more}")
    elif unsafe:
        lines.append(f"{_count(unsafe)}: --fix --unsafe-fixes")
    if live:
        lines.append(f"{_count(live)} by hand only: {_DUMP}")
    return tuple(lines)


class _Documents:
    """Files as their elements stand in them; None for one in which nothing can be changed."""

    def __init__(self) -> None:
        self._read: dict[str, Document | None] = {}

    def of(self, file: _File) -> Document | None:
        if file.name not in self._read:
            try:
                self._read[file.name] = Document(file.data)
            except EditError:
                self._read[file.name] = None
        return self._read[file.name]


class Regions:
    """What safe edits replace in their files, for formats that tell it."""

    def __init__(self, snapshot: engine.Snapshot) -> None:
        self._snapshot = snapshot
        self._files = _files(snapshot)
        self._documents = _Documents()

    def of(self, edit: Edit) -> tuple[Replacement, ...]:
        """Nothing for an edit that is not safe or not possible, or in a file that is never changed."""
        file = _file_of(edit, self._files)
        document = self._documents.of(file) if edit.safe and file is not None else None
        if document is None:
            return ()
        try:
            made = splices(document, edit.changes)
        except EditError:
            return ()
        place = edit.changes[0].place
        (span,) = engine.spans_of((Place(place.path, source=place.source),), self._snapshot)
        return () if loses_comment(document, edit.changes) else replacements(document, made, span)


class _Taken(Struct, frozen=True):
    """An edit that is applied."""

    finding: Finding
    edit: Edit
    place: Place

    @property
    def ends_place(self) -> bool:
        """Whether the element goes that the finding is about: what is then found at its place is another's."""
        return any(
            one.op == "drop" and one.place.part in ("", "#text") and one.place.element == self.place.element
            for one in self.edit.changes
        )


class _Round:
    """The edits of one file that are applied together."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self.before = file.data
        self.document = Document(file.data)
        self.patch = Patch(self.document)
        self.taken: list[_Taken] = []

    def drop(self, broken: list[_Taken]) -> None:
        """All but these."""
        self.patch = Patch(self.document)
        self.taken = [one for one in self.taken if one not in broken]
        for one in self.taken:
            self.patch.take(splices(self.document, one.edit.changes))


class Mender:
    """Mends what can be mended. `errors` are lines for files that were left, `faults` are edits that do not mend."""

    def __init__(self, snapshot: engine.Snapshot, *, unsafe: bool) -> None:
        self.errors: list[str] = []
        self.faults: list[Fault] = []
        self._files = _files(snapshot)
        self._unsafe = unsafe
        self._refused: set[tuple[str, ...]] = set()

    def mend(self, told: Told, again: Callable[[], Told]) -> Told:
        """Apply, judge again, and so on until nothing is left to do. Nothing is written."""
        for _ in range(ROUNDS):
            rounds = self._apply(told)
            if not rounds:
                break
            after = again()
            if self._take_back(rounds, told[0], after[0]):
                after = again()
            told = after
        return told

    def fixed(self) -> tuple[tuple[str, int], ...]:
        """How many findings of each rule are mended."""
        counts = Counter(rule for file in self._changed() for rule in file.fixed)
        return tuple(sorted(counts.items()))

    def left(self, told: Told) -> list[str]:
        """What is said of findings whose edit was not applied, a line each."""
        report, by_key = told
        findings = [one for one in report.findings if one.key in by_key and _name(one) not in self._refused]
        places = [_place_of(by_key[one.key][0], self._files) for one in findings]
        unsafe = sum(file is not None for file, _ in places) if not self._unsafe else 0
        lines = [f"{_count(unsafe)} with --unsafe-fixes: look at what it changes"] if unsafe else []
        by_hand = Counter(why for _, why in places if why)
        return [*lines, *(f"{_count(count)} by hand: {why}" for why, count in sorted(by_hand.items()))]

    def diff(self) -> tuple[bytes, list[str]]:
        """What would be written, and a line for each file whose diff cannot be shown, and for where it applies."""
        from sevlint.edits.diff import unified

        parts, lines = [], []
        changed = self._changed()
        paths = [os.path.realpath(file.name) for file in changed]
        bases = _bases(paths)
        for file, path, base in zip(changed, paths, bases, strict=True):
            made = unified(os.path.relpath(path, base), file.before, file.data)
            parts.append(made or b"")
            if made is None:
                lines.append(f"{file.name}: what would change is not shown, for a secret stands in or beside it")
        here = os.path.realpath(os.curdir)
        root = files.git_root(here)
        elsewhere = {
            base
            for path, base in zip(paths, bases, strict=True)
            if base != here and not (base == root and _is_below(path, here))  # git passes over what is not below
        }
        lines += [f"the diff of what is below {base} applies in that folder" for base in sorted(elsewhere)]
        return b"".join(parts), lines

    @property
    def changes(self) -> bool:
        """Whether any file is not what it was."""
        return bool(self._changed())

    def summary(self) -> str:
        """What --fix would do."""
        number, changed = sum(count for _, count in self.fixed()), len(self._changed())
        if not changed:
            return "nothing that --fix would change"
        findings = "1 finding" if number == 1 else f"{number} findings"
        return f"--fix would fix {findings} in {'1 file' if changed == 1 else f'{changed} files'}"

    def write(self, told: Told, again: Callable[[], Told]) -> Told:
        """Each file whole or not at all; of one that was left the report is that of what was read."""
        left = False
        for file in self._changed():
            why = _write(file)
            if why:
                self.errors.append(f"{file.name}: not fixed: {why}")
                file.put(file.before)
                left = True
        return again() if left else told

    def _changed(self) -> list[_File]:
        changed = {file.name: file for file in self._files.values() if file.data != file.before}
        return [changed[name] for name in sorted(changed)]

    def _apply(self, told: Told) -> list[_Round]:
        rounds: dict[str, _Round] = {}
        report, edits = told
        for finding in report.findings:
            edit, place = edits.get(finding.key, (None, None))
            file = _file_of(edit, self._files) if edit is not None else None
            if (
                edit is None
                or place is None
                or file is None
                or not (edit.safe or self._unsafe)
                or _name(finding) in self._refused
            ):
                continue
            try:
                one = rounds[file.name] if file.name in rounds else _Round(file)
            except EditError as error:
                self._leave(file, str(error))
                continue
            rounds[file.name] = one
            try:
                made = splices(one.document, edit.changes)
            except EditError as error:
                self._refuse(finding, file, str(error))
                continue
            if (self._unsafe or not loses_comment(one.document, edit.changes)) and one.patch.take(made):
                one.taken.append(_Taken(finding, edit, place))
        return [one for one in rounds.values() if self._put(one)]

    def _put(self, one: _Round) -> bool:
        """The edits together; where they make nothing that can be read, each that does so alone is refused."""
        while one.taken:
            try:
                one.file.put(one.patch.data())
            except EditError as error:
                broken = [taken for taken in one.taken if _breaks(one.document, taken.edit)] or one.taken
                for taken in broken:
                    self._refuse(taken.finding, one.file, str(error))
                one.drop(broken)
            else:
                return True
        return False

    def _take_back(self, rounds: list[_Round], before: Report, after: Report) -> bool:
        """Undo the round of each file in which a finding is still there; True if there was one."""
        applied = Counter(_name(taken.finding) for one in rounds for taken in one.taken)
        were, are = (Counter(_name(one) for one in report.findings) for report in (before, after))
        any_back = False
        for one in rounds:
            names = {_name(taken.finding) for taken in one.taken if not taken.ends_place}
            stayed = {name for name in names if are[name] > were[name] - applied[name]}
            back = [taken.finding for taken in one.taken if _name(taken.finding) in stayed]
            for finding in back:
                self._refuse(finding, one.file, "the finding stays")
            if back:
                one.file.put(one.before)
                any_back = True
            else:
                one.file.fixed += [taken.finding.rule for taken in one.taken]
        return any_back

    def _refuse(self, finding: Finding, file: _File, why: str) -> None:
        self._refused.add(_name(finding))
        self.faults.append(Fault(f"rule {finding.rule}", clean.printable(file.name), f"its fix was not applied: {why}"))

    def _leave(self, file: _File, why: str) -> None:
        """A file in which nothing can be changed."""
        file.why_not = why
        self.errors.append(f"{file.name}: not fixed: {why}")


def _bases(paths: list[str]) -> list[str]:
    """Where the diff of each file applies: in its repository, else here, else in the folder that the others share."""
    here = os.path.realpath(os.curdir)
    found = [files.git_root(path) or (here if _is_below(path, here) else "") for path in paths]
    others = [os.path.dirname(path) for path, base in zip(paths, found, strict=True) if not base]
    shared = os.path.commonpath(others) if others else ""
    return [base or shared for base in found]


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def _name(finding: Finding) -> tuple[str, ...]:
    """A finding by its rule, subject and place: its words may change while it stays."""
    span = finding.spans[0]
    return finding.rule, finding.outside, finding.domain, str(span.source), span.xpath


def _breaks(document: Document, edit: Edit) -> bool:
    patch = Patch(document)
    patch.take(splices(document, edit.changes))
    try:
        patch.data()
    except EditError:
        return True
    return False


def _write(file: _File) -> str:
    """Why a file was not written, or ""."""
    try:
        with open(file.name, "rb") as there:
            if there.read() != file.before:
                return "it changed since it was read"
        if not os.access(file.name, os.W_OK):
            return "Permission denied"
        files.replace(file.name, file.data)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _count(number: int) -> str:
    return "1 finding can be fixed" if number == 1 else f"{number} findings can be fixed"

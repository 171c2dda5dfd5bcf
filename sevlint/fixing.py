"""`--fix` and `--diff`: edits are applied to what was read, in rounds, and judged again before anything is written.

Only domain XML in files that were named or walked is changed: a snapshot is evidence, and what runs is libvirt's own.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct

from sevlint import clean, engine, files
from sevlint.edits import Document, Patch, loses_comment, replacements, splices
from sevlint.errors import EditError
from sevlint.mendable import Documents, File, count, file_of, files_of, home_of
from sevlint.model import Edit, Fault, Finding, Place, Replacement, Report

ROUNDS = 10
Told = tuple[Report, Mapping[str, tuple[Edit, Place]]]
"""One judgement: the report, and by a finding's key the edit that mends it and the place that it is about."""


class Regions:
    """What safe edits replace in their files, for formats that tell it."""

    def __init__(self, snapshot: engine.Snapshot) -> None:
        self._snapshot = snapshot
        self._files = files_of(snapshot)
        self._documents = Documents()

    def of(self, edit: Edit) -> tuple[Replacement, ...]:
        """Nothing for an edit that is not safe or not possible, or in a file that is never changed."""
        file = file_of(edit, self._files)
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

    def __init__(self, file: File) -> None:
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
        self._files = files_of(snapshot)
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
        places = [home_of(by_key[one.key][0], self._files) for one in findings]
        unsafe = sum(file is not None for file, _ in places) if not self._unsafe else 0
        lines = [f"{count(unsafe)} with --unsafe-fixes: look at what it changes"] if unsafe else []
        by_hand = Counter(why for _, why in places if why)
        return [*lines, *(f"{count(times)} by hand: {why}" for why, times in sorted(by_hand.items()))]

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
        number, changed = sum(times for _, times in self.fixed()), len(self._changed())
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

    def _changed(self) -> list[File]:
        changed = {file.name: file for file in self._files.values() if file.data != file.before}
        return [changed[name] for name in sorted(changed)]

    def _apply(self, told: Told) -> list[_Round]:
        rounds: dict[str, _Round] = {}
        report, edits = told
        for finding in report.findings:
            edit, place = edits.get(finding.key, (None, None))
            file = file_of(edit, self._files) if edit is not None else None
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

    def _refuse(self, finding: Finding, file: File, why: str) -> None:
        self._refused.add(_name(finding))
        self.faults.append(Fault(f"rule {finding.rule}", clean.printable(file.name), f"its fix was not applied: {why}"))

    def _leave(self, file: File, why: str) -> None:
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


def _write(file: File) -> str:
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

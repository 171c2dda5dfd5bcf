"""Which files `--fix` may change, and what it could do about a report: cheap, for every check asks."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from msgspec import structs

from sevlint.errors import EditError
from sevlint.facts.domain import DomainXml
from sevlint.model import Completeness, Edit, Place, Report, View

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from sevlint import engine
    from sevlint.edits import Document
    from sevlint.sources.base import Source

_LIBVIRTS = ("/etc/libvirt/", "/run/libvirt/", "/var/lib/libvirt/")
"""Where libvirt keeps what only `virsh edit` may change, on a host or in a copy of one."""
_STREAMS = ("/dev/", "/proc/")
_DUMP = "a live dump of a running domain (it has an id): keep `virsh dumpxml --inactive` instead"


class File:
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


Files = dict[tuple[int, str], File]
"""By the number of the input and the path in it."""


def files_of(snapshot: engine.Snapshot, wanted: Container[tuple[int, str]] | None = None) -> Files:
    """The files that hold domains, or those of them that are wanted; one that was named twice is one."""
    found: Files = {}
    by_real: dict[str, File] = {}
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
            one = File(name, file.data, why) if why else by_real.setdefault(real, File(name, file.data, ""))
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


def home_of(edit: Edit, among: Files) -> tuple[File | None, str]:
    """The one file that all changes are in, if it may be changed; else why not."""
    homes = {(one.place.source, one.place.path) for one in edit.changes}
    file = among.get(next(iter(homes))) if len(homes) == 1 else None
    if file is None:
        return None, "it is in no domain's file"
    why = next((why for one in edit.changes if (why := file.refuses(one.place.element or 0))), "")
    return (None, why) if why else (file, "")


def file_of(edit: Edit, among: Files) -> File | None:
    """The file that an edit is in, if it may be changed."""
    return home_of(edit, among)[0]


def prospects(snapshot: engine.Snapshot, report: Report, edits: Mapping[str, tuple[Edit, Place]]) -> tuple[str, ...]:
    """What --fix could do about the findings of a report, a line each; of files that are evidence it says nothing."""
    mine = [edits[one.key][0] for one in report.findings if one.key in edits]
    files = files_of(snapshot, {(one.place.source, one.place.path) for edit in mine for one in edit.changes})
    documents = Documents()
    safe = unsafe = live = 0
    for edit in mine:
        file, why = home_of(edit, files)
        live += why == _DUMP
        if file is None:
            continue
        is_safe = edit.safe
        if is_safe and _may_hold_comments(file.data):
            from sevlint.edits import loses_comment

            document = documents.of(file)
            try:
                is_safe = document is not None and not loses_comment(document, edit.changes)
            except EditError:
                continue
        safe, unsafe = safe + is_safe, unsafe + (not is_safe)
    lines = []
    if safe:
        more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
        lines.append(f"{count(safe)}: --fix{more}")
    elif unsafe:
        lines.append(f"{count(unsafe)}: --fix --unsafe-fixes")
    if live:
        lines.append(f"{count(live)} by hand only: {_DUMP}")
    return tuple(lines)


def _may_hold_comments(data: bytes) -> bool:
    """Cheaper than reading the file once more; one in UTF-16 always may."""
    return b"<!--" in data or b"\0" in data


class Documents:
    """Files as their elements stand in them; None for one in which nothing can be changed."""

    def __init__(self) -> None:
        self._read: dict[str, Document | None] = {}

    def of(self, file: File) -> Document | None:
        """The file's document."""
        if file.name not in self._read:
            from sevlint.edits import Document

            try:
                self._read[file.name] = Document(file.data)
            except EditError:
                self._read[file.name] = None
        return self._read[file.name]


def count(number: int) -> str:
    """How many findings, in words."""
    return "1 finding can be fixed" if number == 1 else f"{number} findings can be fixed"

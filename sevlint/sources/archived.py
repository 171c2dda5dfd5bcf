"""A snapshot in a tar archive, read in one pass and never unpacked to disk.

The top directory: collections put everything below one (snapshots 1.2). The first entry decides: its first component
is the top, unless a wanted pattern begins with it (`tar -C ROOT .` begins with `boot`) or the entry is a file that
lies at the top itself. What lies outside the top keeps its whole path. Of two members with one path the first counts.

Links are followed inside the archive only, as if its top were `/`. Members pass once: a link's target is there if it
is wanted by its own path too, or if the link passed before it. Content found through a link stands under the wanted
path. A pattern with `*` whose directory is reached through a link (`lib -> usr/lib`) finds nothing of its own: the
files stand under their real path, wanted as well, and would count twice.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sevlint.errors import ParseError, SourceError
from sevlint.model import Completeness
from sevlint.sources.archive import Walk, looks_like_archive
from sevlint.sources.base import MEMBER_LIMIT, TOTAL_LIMIT, File, Source, Wanted
from sevlint.sources.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevlint.sources.archive import Body, Entry

HOPS = 16
"""Links followed for one path (snapshots 6)."""
LINKS = 20_000
"""Links kept in mind; only those that a wanted path may lead through are."""

_STEPS = 512
_FILE_COST = 512
_STRINGS = "sos_strings/"
_NOT_THERE = "link to a file that is not in the archive"


class ArchiveSource(Source):
    """A .tar, .tar.gz, .tar.xz or .tar.bz2, told by its content; anything else is a SourceError."""

    kind = "archive"

    def __init__(self, path: str | os.PathLike[str], number: int = 0) -> None:
        super().__init__(os.fspath(path), number)
        self.refused = 0
        """Members that were passed over because of their names."""

    def load(self, wanted: Wanted) -> None:
        """One pass. Raises SourceError if the file cannot be opened, or if not a single member can be read."""
        try:
            stream = open(self.label, "rb")  # noqa: SIM115 - closed below, opening told apart
        except (OSError, ValueError) as error:
            raise SourceError(f"{self.label}: {getattr(error, 'strerror', None) or error}") from error
        with stream:
            try:
                advice = _advice(self.label, looks_like_archive(stream.read(512)))
            except OSError as error:
                raise SourceError(f"{self.label}: {error.strerror}") from error
            if advice:
                raise SourceError(f"{self.label} {advice}")
            stream.seek(0)
            sieve = _Sieve(wanted)
            with Walk(stream) as walk:
                for entry, body in walk:
                    sieve.take(entry, body)
        if walk.damage and not sieve.seen and not walk.refused:
            raise SourceError(f"{self.label}: {walk.damage}")
        sieve.follow_links()
        self.files = dict(sorted(sieve.files.items()))
        self.refused = walk.refused
        self.damage = walk.damage or sieve.damage


class _Sieve:
    """Takes what is wanted out of the members that pass."""

    def __init__(self, wanted: Wanted) -> None:
        self.files: dict[str, File] = {}
        self.damage = ""
        self.seen = 0
        self._on_log = wanted.on_log
        self._keep = Patterns(wanted.keep)
        self._logs = Patterns(wanted.logs)
        self._list_only = Patterns(wanted.list_only)
        everything = (*wanted.keep, *wanted.logs, *wanted.list_only)
        self._any = Patterns(everything)
        self._on_the_way = Patterns(Patterns(everything).folders())
        self._roots = frozenset(pattern.partition("/")[0] for pattern in everything)
        self._top: str | None = None
        self._room = TOTAL_LIMIT
        self._links: dict[str, str] = {}
        self._hardlinks: dict[str, str] = {}
        self._expected: dict[str, str] = {}
        """Target that has yet to pass -> the wanted link to it."""
        self._targets: dict[str, File] = {}
        """Content of targets that are not wanted by their own path."""
        self._streamed: set[str] = set()
        self._folder = ""

    def take(self, entry: Entry, body: Body) -> None:
        """Looks at one member."""
        if self._top is None:
            self._top = self._top_of(entry)
        self.seen += 1
        path = entry.path
        if self._top:
            if path.startswith(self._top):
                path = path[len(self._top) :]
            elif path + "/" == self._top:
                return
        folder = path.rpartition("/")[0]
        if folder != self._folder:
            self._folder = folder
            self._note_folders(folder)
        if entry.kind in ("link", "hardlink"):
            self._take_link(path, entry)
        elif path in self._expected or self._any.match(path):
            self._take_wanted(path, entry, body)

    def follow_links(self) -> None:
        """After the pass: every wanted path that leads through links gets its content, or says that it is not there."""
        found: dict[str, File] = {}
        single = self._keep.exact | self._list_only.exact
        linked = {path for path in (*self._links, *self._hardlinks) if self._any.match(path)}
        for path in sorted(single | linked):
            if path in self.files or path in self._streamed:
                continue
            end = self._end_of(path)
            is_link = path in linked
            if end in self._streamed or (end == path and not is_link):
                continue
            target = self.files.get(end or "") or self._targets.get(end or "")
            if target is not None and target.kind != "link":
                if self._spend(len(path)):
                    complete = target.complete
                    if end and end.startswith(_STRINGS) and complete is Completeness.WHOLE:
                        complete = Completeness.TAIL_ONLY
                    found[path] = replace(target, path=path, complete=complete)
            elif is_link and self._spend(len(path)):
                found[path] = File(path, b"", kind="link", complete=Completeness.UNREADABLE, why=_NOT_THERE)
        self.files.update(found)

    def _top_of(self, entry: Entry) -> str:
        first, slash, _ = entry.path.partition("/")
        is_top = (slash or entry.kind == "directory") and first not in self._roots
        return first + "/" if is_top else ""

    def _note_folders(self, folder: str) -> None:
        """Archives made from a list of files have no members for directories: a file proves them."""
        while folder and folder not in self.files:
            if self._list_only.match(folder) and self._spend(len(folder)):
                self.files[folder] = File(folder, b"", kind="directory")
            folder = folder.rpartition("/")[0]

    def _take_link(self, path: str, entry: Entry) -> None:
        is_wanted = self._any.match(path)
        if not (is_wanted or "/" not in path or self._on_the_way.match(path)):
            return
        if path in self._links or path in self._hardlinks or path in self.files:
            return
        if len(self._links) + len(self._hardlinks) >= LINKS:
            self.damage = f"more than {LINKS:,} links: the rest was not followed"
            return
        if entry.kind == "link":
            self._links[path] = entry.target
        else:
            target = entry.target
            self._hardlinks[path] = target[len(self._top) :] if self._top and target.startswith(self._top) else target
        if is_wanted:
            end = self._end_of(path)
            if end and end != path and end not in self.files:
                self._expected.setdefault(end, path)

    def _take_wanted(self, path: str, entry: Entry, body: Body) -> None:
        known = self.files.get(path)
        if (known and not (known.kind == "directory" and known.mode is None)) or path in self._streamed:
            return
        as_log = self._logs.match(path)
        as_file = self._keep.match(path)
        link = self._expected.get(path, "")
        if entry.kind == "file" and (as_log or self._logs.match(link)):
            if self._spend(len(path)):
                self._streamed.add(path)
                complete = Completeness.TAIL_ONLY if path.startswith(_STRINGS) else Completeness.WHOLE
                self._on_log(path if as_log else link, _whole(body), complete)
        elif entry.kind == "file" and (as_file or self._keep.match(link)):
            if self._spend(len(path)):
                file = self._read(path, entry, body)
                (self.files if as_file else self._targets)[path] = file
        elif as_file or as_log or self._list_only.match(path):
            self._note(path, entry, as_content=entry.kind == "other" and (as_file or as_log))
        elif self._list_only.match(link) and self._spend(len(path)):
            self._targets[path] = File(path, b"", kind=_kind(entry), mode=entry.mode, owner=entry.owner)

    def _note(self, path: str, entry: Entry, *, as_content: bool) -> None:
        """An entry of which the content is not wanted, or is none that can be read."""
        if entry.kind == "directory" and not self._list_only.match(path):
            return
        if self._spend(len(path)):
            complete, why = (Completeness.UNREADABLE, "not a plain file") if as_content else (Completeness.WHOLE, "")
            self.files[path] = File(path, b"", _kind(entry), entry.mode, entry.owner, complete, why)

    def _read(self, path: str, entry: Entry, body: Body) -> File:
        data = body.read(min(MEMBER_LIMIT, self._room))
        self._room -= len(data)
        complete, why = Completeness.WHOLE, ""
        if body.over:
            complete = Completeness.DAMAGED
            why = "larger than 16 MiB" if len(data) == MEMBER_LIMIT else "beyond 128 MiB in all"
        elif body.cut:
            complete, why = Completeness.DAMAGED, "the archive is cut off inside it"
        elif not data and entry.mode is not None and not entry.mode & 0o444:
            # sos stores a file that nobody may read as an empty one (snapshots 1.2)
            complete, why = Completeness.UNREADABLE, f"collected empty: mode {entry.mode:04o} lets nobody read it"
        elif path.startswith(_STRINGS) and path.endswith(".tailed"):
            complete = Completeness.TAIL_ONLY
        return File(path, data, mode=entry.mode, owner=entry.owner, complete=complete, why=why)

    def _spend(self, count: int) -> bool:
        """Takes room for one more entry; False when there is none left."""
        self._room -= count + _FILE_COST
        if self._room < 0:
            self._room = 0
            self.damage = "more than 128 MiB of wanted files: the rest was not kept"
            return False
        return True

    def _end_of(self, path: str) -> str | None:
        """Where a path leads through the links known so far; None if out of the archive or round in circles."""
        todo = path.split("/")[::-1]
        done: list[str] = []
        hops = 0
        for _ in range(_STEPS):
            if not todo:
                return "/".join(done)
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            here = "/".join(done)
            target = self._links.get(here)
            if target is None and not todo and here in self._hardlinks:
                target = "/" + self._hardlinks[here]
            if target is None:
                continue
            hops += 1
            if hops > HOPS:
                return None
            done = [] if target.startswith("/") else done[:-1]
            todo.extend(target.split("/")[::-1])
        return None


def _whole(body: Body) -> Iterator[bytes]:
    """The content; raises ParseError where the archive ends before it does."""
    yield from body.chunks()
    if body.cut:
        raise ParseError("the archive is cut off inside it")


def _kind(entry: Entry) -> str:
    return "device" if entry.kind == "other" else entry.kind


def _advice(path: str, form: str | None) -> str:
    """What to do about an archive that sevlint does not read; "" for all else."""
    name = shlex.quote(path)
    if form == "zstd":
        plain = re.sub(r"\.(?:zst|zstd|tzst)$", "", path)
        target = shlex.quote(plain + ("" if plain.endswith(".tar") else ".tar") + ".xz")
        return (
            "is zstd-compressed: sevlint reads tar, tar.gz, tar.xz and tar.bz2; "
            f"recompress it: zstd -dc {name} | xz > {target}"
        )
    if form == "zip":
        return f"is a zip file: unpack it (unzip {name} -d DIRECTORY) and give sevlint what was in it"
    if form == "gpg":
        target = shlex.quote(
            re.sub(r"\.(?:gpg|asc|pgp)$", "", path) if path.endswith((".gpg", ".asc", ".pgp")) else "OUT"
        )
        return f"is encrypted: decrypt it first: gpg --output {target} --decrypt {name}"
    return ""

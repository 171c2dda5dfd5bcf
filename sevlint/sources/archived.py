"""A snapshot in a tar archive, read in one pass and never unpacked to disk.

The top directory: collections put everything below one (snapshots 1.2). The first entry decides: its first component
is the top, unless a wanted pattern begins with it (`tar -C ROOT .` begins with `boot`) or the entry is a file that
lies at the top itself. Where nothing wanted lies there, but a snapshot further down (`tar c /var/tmp/sosreport-n1`),
a file is walked once more, for the sosreport with the shortest prefix (snapshots 1.1). One snapshot is judged; that
there are others is damage. Of two members with one path the first counts (snapshots 6).

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
from sevlint.sources.base import MEMBER_LIMIT, NULL, TOTAL_LIMIT, File, Source, Wanted, unreadable_if_empty
from sevlint.sources.patterns import Patterns
from sevlint.sources.recognise import HEAD, recognise
from sevlint.sources.single import LOGS
from sevlint.sources.streams import Peeked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevlint.sources.archive import Body, Entry

HOPS = 16
"""Links followed for one path (snapshots 6)."""
TOPS = 100
"""Snapshots told apart in one archive."""
LINKS = 20_000
"""Links kept in mind; only those that a wanted path may lead through are."""

_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")
_STEPS = 512
_FILE_COST = 512
_STRINGS = "sos_strings/"
_NOT_THERE = "link to a file that is not in the archive"


class ArchiveSource(Source):
    """A .tar, .tar.gz, .tar.xz or .tar.bz2, told by its content, or a single file of evidence that is compressed."""

    kind = "archive"

    def __init__(self, path: str | os.PathLike[str], number: int = 0, stream: Peeked | None = None) -> None:
        super().__init__(os.fspath(path), number)
        self._stream = stream

    def load(self, wanted: Wanted) -> None:
        """One pass, or two. Raises SourceError if the file cannot be opened, or if nothing of it can be read."""
        sieve = self._pass(wanted, None)
        if sieve is None:
            return
        if sieve.is_empty and sieve.tops:
            lower = sieve.nearest_top()
            if self._stream is not None:
                raise SourceError(f"{self.label}: what it holds lies at {lower}: save it to a file and name that")
            sieve = self._pass(wanted, lower) or sieve
        if sieve.is_empty and sieve.archives:
            raise SourceError(f"{self.label}: holds {_count(sieve.archives, 'archive')}: unpack it and name each")
        sieve.follow_links()
        self.files = dict(sorted(sieve.files.items()))
        self.damage = "; ".join(sieve.all_damage())

    def layout_hint(self) -> str:
        return "bare" if self.kind == "file" else ""

    def _pass(self, wanted: Wanted, top: str | None) -> _Sieve | None:
        """What one walk finds; None if it is no archive but one compressed file, which is then read."""
        with self._open() as stream:
            form = looks_like_archive(stream.head[:512])
            advice = _advice("FILE" if self._stream else self.label, form)
            if advice:
                raise SourceError(f"{self.label} {advice}")
            sieve = _Sieve(wanted, top)
            with Walk(stream, on_refused=sieve.refuse) as walk:
                if form != "tar" and looks_like_archive(walk.peek(512)) != "tar":
                    name = recognise(walk.peek(HEAD))
                    if name is not None:
                        self._take_single(name, walk, wanted)
                        return None
                for entry, body in walk:
                    sieve.take(entry, body)
        if walk.damage:
            if not sieve.seen:
                raise SourceError(f"{self.label}: {walk.damage}")
            sieve.hurt(walk.damage)
        return sieve

    def _open(self) -> Peeked:
        if self._stream is not None:
            return self._stream
        try:
            file = open(self.label, "rb")  # noqa: SIM115 - closed by the caller
            return Peeked(file.read(512), file)
        except (OSError, ValueError) as error:
            raise SourceError(f"{self.label}: {getattr(error, 'strerror', None) or error}") from error

    def _take_single(self, name: str, walk: Walk, wanted: Wanted) -> None:
        """A compressed log or file of evidence; places are those of its unpacked text (snapshots 5.1)."""
        self.kind = "file"
        path = self.label
        if name == "xml":
            self.not_domains = 1
            return
        self.recognised[path] = name
        if name in LOGS:
            wanted.on_log(path, _unpacked(walk), Completeness.WHOLE)
        else:
            data = walk.peek(MEMBER_LIMIT + 1)
            over = len(data) > MEMBER_LIMIT
            for _ in () if over else walk.content():
                pass  # to the end, where the checksum stands
            complete = Completeness.DAMAGED if over or walk.damage else Completeness.WHOLE
            why = "larger than 16 MiB" if over else walk.damage or ""
            self.files[path] = File(path, data[:MEMBER_LIMIT], complete=complete, why=why)
            self.damage = "larger than 16 MiB: only its beginning was read" if over else ""
        self.damage = self.damage or walk.damage or ""


class _Sieve:
    """Takes what is wanted out of the members that pass."""

    def __init__(self, wanted: Wanted, top: str | None) -> None:
        self.files: dict[str, File] = {}
        self.seen = 0
        self.archives = 0
        """Members that are archives themselves, by their names."""
        self.tops: dict[str, bool] = {}
        """Where snapshots lie, "" or ending in "/" -> whether it is a sosreport."""
        self._damage: list[str] = []
        self._unusable = 0
        self._twice = 0
        self._on_log = wanted.on_log
        self._keep = Patterns(wanted.keep)
        self._logs = Patterns(wanted.logs)
        self._list_only = Patterns(wanted.list_only)
        everything = (*wanted.keep, *wanted.logs, *wanted.list_only)
        self._any = Patterns(everything)
        self._on_the_way = Patterns(Patterns(everything).folders())
        self._roots = frozenset(pattern.partition("/")[0] for pattern in everything)
        self._depth = max((pattern.count("/") + 1 for pattern in wanted.list_only), default=0)
        self._top = top
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
        path = self._below_top(entry.path)
        if not path:
            return
        self._note_top(entry.path)
        self.archives += entry.path.endswith(_ARCHIVES)
        folder = path.rpartition("/")[0]
        if folder != self._folder:
            self._folder = folder
            self._note_folders(folder)
        if entry.kind in ("link", "hardlink"):
            self._take_link(path, entry)
        elif path in self._expected or self._any.match(path):
            self._take_wanted(path, entry, body)

    def refuse(self, name: str) -> None:
        """Looks at a name that cannot be used: is it that of something wanted?"""
        self.seen += 1
        path = "/".join(part for part in name.split("/") if part not in ("", ".", ".."))
        self._unusable += self._any.match(path) or self._any.match(path.partition("/")[2])

    def hurt(self, damage: str) -> None:
        """Notes what is wrong, once."""
        if damage not in self._damage:
            self._damage.append(damage)

    def all_damage(self) -> list[str]:
        """Everything that is wrong, the archive's own damage first."""
        found = list(self._damage)
        if self._unusable:
            found.append(f"passed over for unusable names: {_count(self._unusable, 'wanted member')}")
        if self._twice:
            found.append(f"passed over as they stand in it twice: {_count(self._twice, 'wanted member')}")
        # what lies outside the top keeps its path, so "" was judged too; a root may hold others' trees (`/sysroot`)
        top = "" if "" in self.tops else self._top
        others = [one for one, is_sos in self.tops.items() if one != top and (is_sos or top)]
        if others and top is not None:
            found.append(self._said_of(top, others))
        return found

    @property
    def is_empty(self) -> bool:
        """Nothing wanted has passed."""
        return not self.files and not self._streamed

    def nearest_top(self) -> str:
        """Where a snapshot lies: the sosreport with the shortest prefix, else the first copied tree."""
        return min(self.tops, key=lambda top: (not self.tops[top], top.count("/")))

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
            elif is_link and end == NULL.lstrip("/"):
                found[path] = File(path, b"")
            elif is_link and self._spend(len(path)):
                found[path] = File(path, b"", kind="link", complete=Completeness.UNREADABLE, why=_NOT_THERE)
        self.files.update(found)

    def _top_of(self, entry: Entry) -> str:
        first, slash, _ = entry.path.partition("/")
        is_top = (slash or entry.kind == "directory") and first not in self._roots
        return first + "/" if is_top else ""

    def _below_top(self, path: str) -> str:
        """A path below the top, "" for the top itself; what lies outside keeps its whole path."""
        top = self._top or ""
        return "" if path + "/" == top else path.removeprefix(top)

    def _note_top(self, path: str) -> None:
        """A snapshot shows itself by `sos_commands`, or beside the top by a wanted path."""
        at = f"/{path}/".find("/sos_commands/")
        if at >= 0:
            top = path[:at]
        elif path.startswith(self._top or "/"):
            return
        elif "/" in path and self._any.match(path):
            top = ""
        elif self._is_wanted_below(path):
            top = path[: path.index("/") + 1]
        else:
            return
        if len(self.tops) < TOPS:
            self.tops[top] = self.tops.get(top, False) or at >= 0

    def _is_wanted_below(self, path: str) -> bool:
        first, _, rest = path.partition("/")
        return "/" in rest and first not in self._roots and self._any.match(rest)

    def _said_of(self, top: str, others: list[str]) -> str:
        all_sos = all(self.tops.get(one, False) for one in (top, *others))
        count = _count(len(others) + 1, "sosreport" if all_sos else "snapshot")
        more = " or more" if len(self.tops) == TOPS else ""
        judged = top.rstrip("/") or "what lies at its top"
        return f"holds {count}{more}; only {judged} was judged: unpack it and name each"

    def _note_folders(self, folder: str) -> None:
        """Archives made from a list of files have no members for directories: a file proves them."""
        parts = folder.split("/", self._depth)[: self._depth]
        while parts and (path := "/".join(parts)) not in self.files:
            if self._list_only.match(path) and self._spend(len(path)):
                self.files[path] = File(path, b"", kind="directory")
            parts.pop()

    def _take_link(self, path: str, entry: Entry) -> None:
        is_wanted = self._any.match(path)
        if not (is_wanted or "/" not in path or self._on_the_way.match(path)):
            return
        target = entry.target if entry.kind == "link" else entry.target.removeprefix(self._top or "")
        if path in self._links or path in self._hardlinks or path in self.files:
            self._twice += is_wanted and self._links.get(path, self._hardlinks.get(path)) != target
            return
        if len(self._links) + len(self._hardlinks) >= LINKS:
            self.hurt(f"more than {LINKS:,} links: the rest was not followed")
            return
        (self._links if entry.kind == "link" else self._hardlinks)[path] = target
        if is_wanted:
            end = self._end_of(path)
            if end and end != path and end not in self.files:
                self._expected.setdefault(end, path)

    def _take_wanted(self, path: str, entry: Entry, body: Body) -> None:
        known = self.files.get(path)
        if (known and not (known.kind == "directory" and known.mode is None)) or path in self._streamed:
            self._twice += entry.kind == "file" and self._differs(known, entry, body)
            return
        if entry.kind == "file" and (path in self._links or path in self._hardlinks):
            self._twice += 1
            return
        as_log = self._logs.match(path)
        as_file = self._keep.match(path)
        link = self._expected.get(path, "")
        if entry.kind == "file" and (as_log or self._logs.match(link)):
            why = "" if entry.size else unreadable_if_empty(entry.mode)
            if why and self._spend(len(path)):
                complete = Completeness.UNREADABLE
                self.files[path] = File(path, b"", mode=entry.mode, owner=entry.owner, complete=complete, why=why)
            elif self._spend(len(path)):
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

    def _differs(self, known: File | None, entry: Entry, body: Body) -> bool:
        """Whether a second member of one path could say something else than the first, as far as that was kept."""
        if known is None:
            return True
        if self._keep.match(known.path):
            return body.read(MEMBER_LIMIT) != known.data
        return (known.mode, known.owner) != (entry.mode, entry.owner)

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
        elif not data and (shut := unreadable_if_empty(entry.mode)):
            complete, why = Completeness.UNREADABLE, shut
        elif path.startswith(_STRINGS) and path.endswith(".tailed"):
            complete = Completeness.TAIL_ONLY
        return File(path, data, mode=entry.mode, owner=entry.owner, complete=complete, why=why)

    def _spend(self, count: int) -> bool:
        """Takes room for one more entry; False when there is none left."""
        self._room -= count + _FILE_COST
        if self._room < 0:
            self._room = 0
            self.hurt("more than 128 MiB of wanted files: the rest was not kept")
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


def _unpacked(walk: Walk) -> Iterator[bytes]:
    yield from walk.content()
    if walk.damage:
        raise ParseError(walk.damage)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


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

"""A directory: a snapshot (an unpacked sosreport, a copied host tree, a live root `/`), a folder of bare evidence, or
a folder of domain XML.

A snapshot is never walked: only the wanted paths are looked for, so that a live root costs milliseconds. Links are
followed inside the directory as if it were `/`; nothing outside is read. A folder of XML is walked as git sees it.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

from sevlint.errors import ParseError, SourceError
from sevlint.model import Completeness
from sevlint.sources.base import MEMBER_LIMIT, NULL, TOTAL_LIMIT, File, Source, Wanted, unreadable_if_empty
from sevlint.sources.patterns import Patterns, expression
from sevlint.sources.recognise import HEAD, is_archive, is_domain, read_head, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HOPS = 16
_CHUNK = 256 * 1024
_BARE_LIMIT = 500
"""Files of a folder whose content is looked at to tell what it is."""
_WALK_LIMIT = 1_000_000
_LOOK_LIMIT = 100_000
_LOOK_FILES = 2000
"""Entries and XML files looked at below a folder that is one machine."""
_GENERIC = frozenset({"domain.xml"})


class TreeSource(Source):
    """A directory. Its kind becomes "xml" where it is a folder of domain XML."""

    kind = "tree"

    def __init__(self, path: str, number: int = 0) -> None:
        super().__init__(path, number)
        self._room = TOTAL_LIMIT
        self._bare = False
        self._root = path
        try:
            names = sorted(os.listdir(path))
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror or error}") from error
        if "sos_commands" not in names:
            inner = [name for name in names if _is_sosreport(os.path.join(path, name))]
            if len(inner) > 1:
                raise SourceError(f"{path}: holds {len(inner)} sosreports; name each of them: {path}/{inner[0]} ...")
            if inner:
                self._root = os.path.join(path, inner[0])
        self._is_live = os.path.abspath(self._root) == "/"
        self._is_sos = _is_folder(os.path.join(self._root, "sos_commands"))
        self._archives: list[str] = []

    def load(self, wanted: Wanted) -> None:
        """Look for what is wanted; where nothing of it is there, look at the files by their content."""
        self._probe(wanted)
        snapshot = bool(self.files)
        if not snapshot or not self._has_folders():
            self._look_at_bare_files(wanted)
        if not self.files and not self._bare:
            self.kind = "xml"
            self._walk()
            if not self.files and self._archives:
                one = len(self._archives) == 1
                holds = "an archive: name it" if one else f"{len(self._archives)} archives: name each"
                raise SourceError(f"{self.label}: holds {holds}: {os.path.join(self.label, self._archives[0])}")
        elif not (self._is_live or self._is_sos):
            self.remark = "; ".join(self._not_looked_at())
        self.files = dict(sorted(self.files.items()))

    def layout_hint(self) -> str:
        return "bare" if self.kind == "xml" or (self._bare and not self._has_folders()) else ""

    def _has_folders(self) -> bool:
        return any("/" in path for path in self.files)

    # a snapshot -------------------------------------------------------------------------------------------------------

    def _probe(self, wanted: Wanted) -> None:
        logs = Patterns(wanted.logs)
        listed = frozenset(wanted.list_only)
        for pattern in dict.fromkeys((*wanted.keep, *wanted.logs, *wanted.list_only)):
            if pattern in _GENERIC:
                continue
            for path in self._expand(pattern):
                if path not in self.files:
                    self._take_if_there(path, as_log=logs.match(path), listing=pattern in listed, wanted=wanted)

    def _take_if_there(self, path: str, *, as_log: bool, listing: bool, wanted: Wanted) -> None:
        try:
            if self._stat(path) is not None:
                self._take(path, as_log=as_log, listing=listing, wanted=wanted)
        except OSError as error:
            self._deny(path, error)

    def _expand(self, pattern: str) -> list[str]:
        """The paths below the top that could fit a pattern, sorted."""
        found = [""]
        parts = pattern.split("/")
        for number, part in enumerate(parts):
            below = []
            for folder in found:
                if "*" not in part and "{" not in part:
                    below.append(f"{folder}/{part}" if folder else part)
                    continue
                matcher = re.compile(expression(part))
                try:
                    names = self._names(folder)
                except OSError as error:
                    self.damage = self.damage or f"{folder or '.'}: {error.strerror or error}"
                    self._deny("/".join((folder, *parts[number:])).lstrip("/"), error)
                    continue
                below.extend(f"{folder}/{name}" if folder else name for name in names if matcher.fullmatch(name))
            found = below
        return found

    def _deny(self, path: str, error: OSError) -> None:
        """Something may be there: without this, a set would just be shorter. A pattern fits itself."""
        why = error.strerror or str(error)
        self.files.setdefault(path, File(path, b"", complete=Completeness.UNREADABLE, why=why))

    def _names(self, folder: str) -> list[str]:
        """Raises OSError where it cannot be known what is there, also by `_resolve`."""
        real = self._resolve(folder)
        try:
            return sorted(os.listdir(real)) if real is not None else []
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _stat(self, path: str) -> os.stat_result | None:
        """What is there: the entry, or what its link leads to inside the directory; the link itself if that is gone.

        Raises OSError where that cannot be known.
        """
        real = self._resolve(path)
        try:
            return os.lstat(real) if real is not None else self._dangling(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _dangling(self, path: str) -> os.stat_result | None:
        folder, _, name = path.rpartition("/")
        real = self._resolve(folder) if folder else self._root
        if real is None:
            return None
        try:
            entry = os.lstat(os.path.join(real, name))
        except (OSError, ValueError):
            return None
        return entry if stat.S_ISLNK(entry.st_mode) else None

    def _resolve(self, path: str) -> str | None:
        """The real path of something below the top, with every link on the way kept inside; None if it is not there."""
        todo = [part for part in path.split("/") if part][::-1]
        done: list[str] = []
        hops = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if done:
                    done.pop()
                continue
            here = os.path.join(self._root, *done, part)
            try:
                mode = os.lstat(here).st_mode
                target = os.readlink(here) if stat.S_ISLNK(mode) else ""
            except (FileNotFoundError, NotADirectoryError, ValueError):
                return None
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    return None
                raise
            if not target:
                done.append(part)
                continue
            hops += 1
            if hops > _HOPS:
                return None
            if target.startswith("/"):
                done = []
            todo.extend(target.split("/")[::-1])
        return os.path.join(self._root, *done)

    def _take(self, path: str, *, as_log: bool, listing: bool, wanted: Wanted) -> None:
        entry = self._stat(path)
        real = self._resolve(path)
        is_plain = entry is not None and (stat.S_ISREG(entry.st_mode) or stat.S_ISDIR(entry.st_mode))
        if not (is_plain or listing or as_log) and self._is_masked(path):
            self.files[path] = File(path, b"")
            return
        if entry is None or real is None:
            why = "link to a file that is not there"
            self.files[path] = File(path, b"", "link", complete=Completeness.UNREADABLE, why=why)
            return
        mode, owner = stat.S_IMODE(entry.st_mode), self._owner(entry)
        if listing:
            self.files[path] = File(path, b"", _kind(entry.st_mode), mode, owner)
        elif stat.S_ISREG(entry.st_mode):
            tail = "sos_strings" in os.path.relpath(real, self._root).split(os.sep)[:1]
            complete = Completeness.TAIL_ONLY if tail else Completeness.WHOLE
            if as_log:
                self._stream(path, real, complete, mode, wanted)
            else:
                self.files[path] = self._read(path, real, complete, mode, owner)
        elif not stat.S_ISDIR(entry.st_mode):
            why = "not a plain file"
            self.files[path] = File(path, b"", _kind(entry.st_mode), mode, owner, Completeness.UNREADABLE, why)

    def _is_masked(self, path: str) -> bool:
        """A link to /dev/null."""
        folder, _, name = path.rpartition("/")
        parent = self._resolve(folder)
        try:
            return parent is not None and os.readlink(os.path.join(parent, name)) == NULL
        except (OSError, ValueError):
            return False

    def _owner(self, entry: os.stat_result) -> str:
        """ "user:group"; names only on a live root, whose /etc/passwd is this machine's."""
        if self._is_live:
            try:
                import grp
                import pwd

                return f"{pwd.getpwuid(entry.st_uid).pw_name}:{grp.getgrgid(entry.st_gid).gr_name}"
            except (ImportError, KeyError):
                pass
        return f"{entry.st_uid}:{entry.st_gid}"

    def _read(self, path: str, real: str, complete: Completeness, mode: int | None, owner: str) -> File:
        try:
            with open(real, "rb") as file:
                data = file.read(min(MEMBER_LIMIT, self._room) + 1)
        except OSError as error:
            return File(path, b"", mode=mode, owner=owner, complete=Completeness.UNREADABLE, why=error.strerror or "")
        why = ""
        if len(data) > min(MEMBER_LIMIT, self._room):
            why = "larger than 16 MiB" if len(data) > MEMBER_LIMIT else "beyond 128 MiB in all"
            data, complete = data[:-1], Completeness.DAMAGED
        elif not data and (shut := unreadable_if_empty(mode)):
            complete, why = Completeness.UNREADABLE, shut
        self._room -= len(data)
        return File(path, data, mode=mode, owner=owner, complete=complete, why=why)

    def _stream(self, path: str, real: str, complete: Completeness, mode: int, wanted: Wanted) -> None:
        try:
            file = open(real, "rb")  # noqa: SIM115 - closed below
        except OSError as error:
            self._deny(path, error)
            return
        with file:
            shut = unreadable_if_empty(mode)
            if shut and not file.peek(1):
                self.files[path] = File(path, b"", mode=mode, complete=Completeness.UNREADABLE, why=shut)
                return
            wanted.on_log(path, self._chunks(path, file), complete)
        self.files[path] = File(path, b"")

    def _chunks(self, path: str, file: Any) -> Iterator[bytes]:
        while True:
            try:
                chunk = file.read(_CHUNK)
            except OSError as error:
                self.damage = self.damage or f"{path}: {error.strerror or error}"
                raise ParseError("reading stopped") from error
            if not chunk:
                return
            yield chunk

    # bare evidence ----------------------------------------------------------------------------------------------------

    def _look_at_bare_files(self, wanted: Wanted) -> None:
        """Files at the top, known by content: one that is no XML makes the folder one host or guest."""
        found: list[tuple[str, str]] = []
        for name in self._names("")[:_BARE_LIMIT]:
            try:
                real = self._resolve(name)
                if name in self.files or name.startswith(".") or real is None or not os.path.isfile(real):
                    continue
                with open(real, "rb") as file:
                    head = read_head(file)
            except OSError:
                continue
            kind = recognise(head)
            if kind is None and is_archive(head):
                self._archives.append(name)
            if kind is not None and kind != "xml":
                found.append((name, kind))
        if not self.files and all(kind == "domain.xml" for _, kind in found):
            return
        self._bare = True
        for name, kind in found:
            self.recognised[name] = kind
            is_log = kind in ("cmd/dmesg", "cmd/journal-boot") or kind.startswith("var/log/")
            self._take_if_there(name, as_log=is_log, listing=False, wanted=wanted)

    # a folder of domain XML -------------------------------------------------------------------------------------------

    def _walk(self) -> None:
        errors: list[str] = []
        for number, path in enumerate(self._xml_files(errors)):
            if number >= _WALK_LIMIT:
                errors.append("more than 1,000,000 files: the rest was not looked at")
                break
            try:
                with open(os.path.join(self._root, path), "rb") as file:
                    data = read_head(file)
                    if not is_domain(data):
                        self.not_domains += 1
                        continue
                    limit = min(MEMBER_LIMIT, self._room)
                    if len(data) >= HEAD:
                        data += file.read(max(0, limit + 1 - len(data)))
            except OSError as error:
                self._deny(path, error)
                self.recognised[path] = "domain.xml"
                continue
            complete, why = Completeness.WHOLE, ""
            if len(data) > limit:
                data, complete, why = data[:limit], Completeness.DAMAGED, "larger than 16 MiB"
            self._room -= len(data)
            self.recognised[path] = "domain.xml"
            self.files[path] = File(path, data, complete=complete, why=why)
        self.damage = self.damage or "".join(errors[:1])

    def _not_looked_at(self) -> Iterator[str]:
        """A folder that is judged as one machine is not searched for domains; that there are some is said."""
        found = []
        for path in itertools.islice(self._xml_files([], _LOOK_LIMIT), _LOOK_FILES):
            if path in self.files:
                continue
            try:
                with open(os.path.join(self._root, path), "rb") as file:
                    if is_domain(file.read(HEAD)):
                        found.append(path)
            except OSError:
                continue
        if found:
            files = "1 domain XML file below was" if len(found) == 1 else f"{len(found):,} domain XML files below were"
            folder = os.path.join(self.label, os.path.relpath(self._root, self.label), os.path.dirname(found[0]))
            yield f"{files} not looked at: name their folder ({os.path.normpath(folder)})"
        if self._archives:
            yield f"{self._archives[0]} in it was not looked at: name it"

    def _xml_files(self, errors: list[str], most: int = sys.maxsize) -> Iterator[str]:
        """Every *.xml below the folder that git would not ignore, in a fixed order, among the first `most` entries."""
        ignored = _Ignored(self._root)
        todo = [""]
        while todo and most > 0:
            folder = todo.pop()
            try:
                with os.scandir(os.path.join(self._root, folder)) as entries:
                    found = sorted(itertools.islice(entries, most), key=lambda entry: entry.name)
            except OSError as error:
                errors.append(f"{folder or '.'}: {error.strerror or error}")
                continue
            most -= len(found)
            names = {entry.name for entry in found}
            ignored.enter(folder, ".gitignore" in names)
            below = []
            for entry in found:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != ".git" and not ignored.match(path + "/"):
                        below.append(path)
                elif entry.name.endswith(".xml") and entry.is_file(follow_symlinks=False) and not ignored.match(path):
                    yield path
            todo.extend(reversed(below))


class _Ignored:
    """The .gitignore files that hold for a path: those of the repository around the folder, and those below it."""

    def __init__(self, root: str) -> None:
        self._root = os.path.abspath(root)
        self._specs: list[tuple[str, Any]] = []
        above = [self._root]
        while not os.path.exists(os.path.join(above[-1], ".git")):
            parent = os.path.dirname(above[-1])
            if parent == above[-1]:
                return
            above.append(parent)
        for folder in reversed(above[1:]):
            self._add(folder)

    def enter(self, folder: str, has_file: bool) -> None:
        """Take in the .gitignore of a folder that the walk reached."""
        if has_file:
            self._add(os.path.join(self._root, folder) if folder else self._root)

    def _add(self, folder: str) -> None:
        path = os.path.join(folder, ".gitignore")
        if not os.path.isfile(path):
            return
        from pathspec import GitIgnoreSpec

        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines: Iterable[str] = file.read(1024 * 1024).splitlines()
            self._specs.append((folder, GitIgnoreSpec.from_lines(lines)))
        except (OSError, ValueError):
            return

    def match(self, path: str) -> bool:
        """Whether git ignores a path below the root (ending in "/" for a folder); the innermost file decides."""
        full = os.path.join(self._root, path)
        for folder, spec in reversed(self._specs):
            if full.startswith(folder.rstrip("/") + "/"):
                relative = full[len(folder.rstrip("/")) + 1 :].replace(os.sep, "/")
                verdict = spec.check_file(relative).include
                if verdict is not None:
                    return bool(verdict)
        return False


def _is_sosreport(path: str) -> bool:
    """Without following links: they may lead outside."""
    return _is_folder(path) and _is_folder(os.path.join(path, "sos_commands"))


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) else "device"

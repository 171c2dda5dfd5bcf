"""A fixture bundle: evidence in one YAML file, small enough to commit (architecture 5).

    from: hosts/milan-snp.yaml        # optional, one level; a null below `files` deletes a file
    files:
      proc/cmdline: ro quiet
      dev/sev: {mode: "0600", owner: root:root}

An entry is a text or a mapping with the keys text, gz or base64 (the content), link, directory, mode, owner,
truncated, filtered, unreadable.
"""

from __future__ import annotations

import base64
import os
import zlib
from typing import TYPE_CHECKING, Any

from sevlint.errors import SourceError
from sevlint.model import Completeness
from sevlint.sources.base import MEMBER_LIMIT, NULL, TOTAL_LIMIT, File, Source, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevlint.sources.streams import Peeked

_LIMIT = 64 * 1024 * 1024
_KEYS = frozenset({"text", "gz", "base64", "link", "directory", "mode", "owner", "truncated", "filtered", "unreadable"})
_HOPS = 16


class BundleSource(Source):
    """Evidence under its canonical names."""

    kind = "bundle"

    def __init__(self, path: str, number: int = 0, stream: Peeked | None = None) -> None:
        super().__init__(path, number)
        content = _read(path, stream)
        base = content.get("from")
        entries = dict(_entries(content, path))
        if base is not None:
            entries = {**_entries(_read(_base(path, base)), str(base)), **entries}
        self._set(entries, path)

    @classmethod
    def of(cls, content: Mapping[str, Any], label: str = "bundle.yaml") -> BundleSource:
        """A bundle from parsed YAML, `from` already merged."""
        made = cls.__new__(cls)
        Source.__init__(made, label)
        made._set(dict(_entries(content, label)), label)
        return made

    def _set(self, entries: dict[str, Any], label: str) -> None:
        made: dict[str, File] = {}
        total = 0
        for path, entry in entries.items():
            if entry is None:
                continue
            made[path] = _file(path, entry, label)
            total += len(made[path].data)
            if total > TOTAL_LIMIT:
                raise SourceError(f"{label}: more than 128 MiB of evidence")
        for path, entry in entries.items():
            if isinstance(entry, dict) and "link" in entry:
                made[path] = _followed(path, entries, made)
        self._made = made

    def load(self, wanted: Wanted) -> None:
        """Hand over the logs, keep what is wanted."""
        from sevlint.sources.patterns import Patterns

        logs, rest = Patterns(wanted.logs), Patterns((*wanted.keep, *wanted.list_only))
        for path in sorted(self._made):
            file = self._made[path]
            if logs.match(path) and file.kind == "file":
                if file.complete is Completeness.UNREADABLE:
                    self.files[path] = file
                else:
                    wanted.on_log(path, iter((file.data,)), file.complete)
            elif rest.match(path):
                self.files[path] = file

    def layout_hint(self) -> str:
        return "bundle"


def _read(path: str, stream: Peeked | None = None) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with stream or open(path, "rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise SourceError(f"{path}: larger than 64 MiB, which no bundle is")
        text = data.decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise SourceError(f"{path}: YAML aliases are not allowed in a bundle")
        content = yaml.load(text, Loader=loader)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        problem = getattr(error, "problem", None) or "cannot be decoded"
        raise SourceError(f"{where}: not valid YAML: {problem}") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path}: a bundle is a mapping with the key `files`")
    return content


def _base(path: str, base: Any) -> str:
    """The bundle that another stands on: a relative path without "..", beside it or in a folder above it."""
    if not isinstance(base, str) or os.path.isabs(base) or ".." in base.split("/"):
        raise SourceError(f"{path}: `from` must be a relative path without `..`")
    folder = os.path.dirname(os.path.abspath(path))
    for _ in range(4):
        candidate = os.path.join(folder, base)
        if os.path.isfile(candidate):
            return candidate
        folder = os.path.dirname(folder)
    raise SourceError(f"{path}: `from: {base}` is not there")


def _entries(content: Mapping[str, Any], label: str) -> Mapping[str, Any]:
    files = content.get("files")
    if not isinstance(files, dict) or not all(isinstance(path, str) for path in files):
        raise SourceError(f"{label}: `files` must map paths to their contents")
    return files


def _file(path: str, entry: Any, label: str) -> File:
    if isinstance(entry, str):
        return File(path, entry.encode("utf-8", "surrogateescape"))
    if not isinstance(entry, dict) or not set(entry) <= _KEYS:
        unknown = f" (unknown: {', '.join(sorted(map(str, set(entry) - _KEYS)))})" if isinstance(entry, dict) else ""
        raise SourceError(f"{label}: {path}: an entry is a text or a mapping of {', '.join(sorted(_KEYS))}{unknown}")
    try:
        data = _data(entry)
        mode = int(str(entry["mode"]), 8) if "mode" in entry else None
    except (ValueError, zlib.error) as error:
        raise SourceError(f"{label}: {path}: {error}") from error
    complete, why = Completeness.WHOLE, ""
    if entry.get("truncated"):
        complete = Completeness.TAIL_ONLY
    elif entry.get("filtered"):
        complete = Completeness.FILTERED
    elif entry.get("unreadable"):
        complete, why = Completeness.UNREADABLE, "could not be read"
    kind = "directory" if entry.get("directory") else "link" if "link" in entry else "file"
    if kind == "file" and path.startswith("dev/"):
        kind = "device"
    return File(path, data, kind, mode, str(entry.get("owner", "")), complete, why)


def _data(entry: Mapping[str, Any]) -> bytes:
    if "text" in entry:
        return str(entry["text"]).encode("utf-8", "surrogateescape")
    if "base64" in entry:
        return base64.b64decode(str(entry["base64"]))
    if "gz" in entry:
        unpack = zlib.decompressobj(wbits=31)
        data = unpack.decompress(base64.b64decode(str(entry["gz"])), MEMBER_LIMIT + 1)
        if len(data) > MEMBER_LIMIT:
            raise ValueError("larger than 16 MiB")
        return data
    return b""


def _followed(path: str, entries: Mapping[str, Any], made: Mapping[str, File]) -> File:
    """The file that a link leads to, inside the bundle; else a link to nothing."""
    here = path
    for _ in range(_HOPS):
        entry = entries.get(here)
        if not (isinstance(entry, dict) and "link" in entry):
            found = made.get(here)
            if found is None:
                break
            return File(path, found.data, found.kind, found.mode, found.owner, found.complete, found.why)
        target = str(entry["link"])
        if target == NULL:
            return File(path, b"")
        joined = target if target.startswith("/") else f"{os.path.dirname(here)}/{target}"
        here = os.path.normpath("/" + joined).lstrip("/")
    return File(path, b"", "link", complete=Completeness.UNREADABLE, why="link to a file that is not there")

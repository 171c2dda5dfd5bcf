"""A loaded snapshot -> its evidence under canonical names: what a bundle of it holds (architecture 8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevlint.facts.log import KernelLogReading, LogReading, QemuLogReading
from sevlint.model import Completeness
from sevlint.sources.base import File, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevlint.engine.snapshot import Node, Snapshot
    from sevlint.model import Evidence
    from sevlint.sources.base import Layout, Source

LOG_LIMIT = 4 * 1024 * 1024
"""A log is kept whole up to here; of a longer one only the lines that a card knows."""
_WILD = re.compile(r"\*|\{\w+\}")


def evidence_of(snapshot: Snapshot, source: Source, again: Source) -> dict[str, File]:
    """Canonical name -> file, in the order of names. `again` is the same input once more: logs are read a second time,
    for they were not kept.
    """
    layout = snapshot.layouts[source.number]
    logs = _logs(snapshot, source, again)
    found: dict[str, File] = {}
    for evidence in snapshot.evidence.values():
        files = logs if evidence.log else source.files
        for name, path in _named(evidence, layout, source, files):
            if name not in found:
                found[name] = files[path]
    return {name: found[name] for name in sorted(found)}


def _named(evidence: Evidence, layout: Layout, source: Source, files: dict[str, File]) -> Iterator[tuple[str, str]]:
    """(canonical name, path) of each file that is this evidence."""
    for pattern in layout.paths(evidence):
        if not _WILD.search(pattern):
            if pattern in files:
                yield evidence.name, pattern
            continue
        expression = re.compile("([^/]*)".join(re.escape(part) for part in _WILD.split(pattern)))
        for path in sorted(files):
            match = expression.fullmatch(path)
            if match:
                yield _filled(evidence.name, match.groups()), path
    for path, name in source.recognised.items():
        if name == evidence.name and path in files:
            yield _filled(name, (re.sub(r"\W", "-", path.rsplit("/", 1)[-1]),)), path


def _filled(name: str, words: tuple[str, ...]) -> str:
    """A canonical name with what stood for its wildcards in the layout's own."""
    parts = _WILD.split(name)
    given = [*words, *["" for _ in parts]][: len(parts) - 1]
    return "".join(part + word for part, word in zip(parts, [*given, ""], strict=True))


def _logs(snapshot: Snapshot, source: Source, again: Source) -> dict[str, File]:
    kept: dict[str, File] = {}
    readings = {reading.path: reading for reading in _readings(snapshot, source)}

    def take(path: str, chunks: Iterator[bytes], complete: Completeness) -> None:
        data = bytearray()
        for chunk in chunks:
            if len(data) <= LOG_LIMIT:
                data += chunk
        if len(data) <= LOG_LIMIT:
            kept[path] = File(path, bytes(data), complete=complete)
        elif path in readings:
            kept[path] = _known_lines(readings[path])

    patterns = [
        path
        for layout in snapshot.registry.layouts
        for evidence in snapshot.evidence.values()
        if evidence.log
        for path in layout.paths(evidence)
    ]
    again.load(Wanted((), tuple(dict.fromkeys(patterns)), (), take))
    return kept


def _known_lines(reading: LogReading) -> File:
    lines = (line.place.text or "" for line in (*reading.earlier, *reading.hits))
    data = "".join(f"{line}\n" for line in dict.fromkeys(lines)).encode("utf-8", "surrogateescape")
    return File(reading.path, data, complete=Completeness.FILTERED)


def _readings(snapshot: Snapshot, source: Source) -> Iterator[LogReading]:
    nodes: list[Node] = [*snapshot.hosts, *snapshot.guests, *snapshot.domains]
    for node in nodes:
        if node.source is source:
            for kind in (KernelLogReading, QemuLogReading):
                yield from (made.value for made in node.readings.get(kind, ()) if isinstance(made.value, LogReading))

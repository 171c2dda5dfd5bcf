"""From a Place to a Span: only for what is shown (architecture 3).

An element of XML is found again by its number in document order, with expat: its byte offsets hold for every encoding,
which lxml's line numbers do not. A file that cannot be parsed keeps the line that the Place has.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sevlint.model import Place, Span

SNIPPET = 400
"""Code points of a line that are shown; a longer line is cut around the place."""

_ATTRIBUTE = r"(?<![\w:.-]){name}\s*=\s*(?:\"[^\"]*\"|'[^']*')"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def resolve(place: Place, data: bytes | None, path: str) -> Span:
    """Line, columns and text of a place. `data` is the file's content, None where it is not kept (logs)."""
    if place.element is not None and data:
        found = _element(place, data)
        if found is not None:
            return found
    if place.line is None:
        return Span(path, note=place.note)
    text = place.text
    if text is None and data:
        lines = _lines(data)
        text = lines[place.line - 1] if place.line <= len(lines) else ""
    text = text or ""
    column, end = place.column, place.end_column
    if column is None and text.strip():
        column, end = len(text) - len(text.lstrip()) + 1, len(text.rstrip()) + 1
    return Span(path, place.line, column, place.line if column else None, end, _cut(text, column), place.note)


def _cut(text: str, column: int | None) -> str:
    if len(text) <= SNIPPET:
        return text
    start = max(0, min((column or 1) - 1 - SNIPPET // 4, len(text) - SNIPPET))
    head, tail = "..." if start else "", "..." if start + SNIPPET < len(text) else ""
    return f"{head}{text[start : start + SNIPPET]}{tail}"


@lru_cache(maxsize=16)
def _lines(data: bytes) -> list[str]:
    return _decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    declared = re.match(rb"<\?xml[^>]{0,200}encoding=[\"']([\w.-]{1,40})", data)
    try:
        return data.decode(declared.group(1).decode() if declared else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


class _Found:
    """What the second pass learns of one file: start of every element, and of its first text, in code points."""

    __slots__ = ("ends", "paths", "starts", "text", "texts")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.paths: list[str] = []
        self.texts: dict[int, tuple[int, int]] = {}


@lru_cache(maxsize=16)
def _document(data: bytes) -> _Found | None:
    """One pass over the file. lru_cache keys it by content: the same bytes have the same elements."""
    from xml.parsers import expat

    text = _decoded(data)
    found = _Found(text)
    parser = expat.ParserCreate("utf-8")
    encoded = text.encode("utf-8", "replace")
    points = _Points(encoded)
    stack: list[tuple[int, dict[str, int]]] = []

    def start(name: str, _: object) -> None:
        counts = stack[-1][1] if stack else {}
        counts[name] = counts.get(name, 0) + 1
        above = found.paths[stack[-1][0]] if stack else ""
        found.starts.append(points.at(parser.CurrentByteIndex))
        found.ends.append(-1)
        found.paths.append(f"{above}/{name}[{counts[name]}]")
        stack.append((len(found.starts) - 1, {}))

    def end(_: str) -> None:
        number = stack.pop()[0]
        found.ends[number] = points.at(parser.CurrentByteIndex)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(encoded, True)
    except expat.ExpatError:
        return None
    return found


class _Points:
    """Byte offsets of UTF-8 to code points, for offsets that only grow."""

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._plain = encoded.isascii()
        self._byte = self._point = 0

    def at(self, byte: int) -> int:
        if self._plain:
            return byte
        if byte < self._byte:
            self._byte = self._point = 0
        self._point += len(self._encoded[self._byte : byte].decode("utf-8", "replace"))
        self._byte = byte
        return self._point


def _element(place: Place, data: bytes) -> Span | None:
    document = _document(data)
    if document is None or place.element is None or place.element >= len(document.starts):
        return None
    text = document.text
    start = document.starts[place.element]
    close = _tag_end(text, start)
    xpath = re.sub(r"\[1\](?=/|$)", "", document.paths[place.element])
    if place.part == "#text":
        stop = text.find("<", close)
        start, close = close, stop if stop >= 0 else close
        inner = text[start:close]
        start, close = start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
        if close <= start:
            start, close = document.starts[place.element], _tag_end(text, document.starts[place.element])
    elif place.part:
        tag = text[start:close]
        found = re.search(_ATTRIBUTE.format(name=re.escape(place.part)), tag)
        if found:
            start, close = start + found.start(), start + found.end()
            xpath = f"{xpath}/@{place.part}"
    line, column = _position(text, start)
    end_line, end_column = _position(text, close)
    snippet = _line_of(text, start)
    return Span(place.path, line, column, end_line, end_column, _cut(snippet, column), place.note, xpath)


def _tag_end(text: str, start: int) -> int:
    """Behind the `>` of a start tag; a `>` inside quotes does not count."""
    quote = ""
    for at in range(start, len(text)):
        letter = text[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ">":
            return at + 1
    return len(text)


def _position(text: str, at: int) -> tuple[int, int]:
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _line_of(text: str, at: int) -> str:
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
    return text[start : min(ends)] if ends else text[start:]

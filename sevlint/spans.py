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

_ATTRIBUTES = re.compile(r"""([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_QUOTE_OR_END = re.compile("[\"'>]")
_UNSEEN = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
"""What may stand before an element's text and is none of it."""
_CDATA = re.compile(r"<!\[CDATA\[\s*")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


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
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    declared = re.match(rb"<\?xml[^>]{0,200}encoding=[\"']([\w.-]{1,40})", data)
    try:
        return data.decode(declared.group(1).decode() if declared else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


class _Document:
    """What the second pass learns of one file: where every element starts, what it is called, what it is in."""

    __slots__ = ("names", "parents", "starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.names: list[tuple[str, int]] = []
        self.parents: list[int] = []

    def path(self, element: int) -> str:
        """Worked out for the few that are shown: every element's would be quadratic in the depth."""
        steps = []
        while element >= 0:
            name, count = self.names[element]
            steps.append(f"/{name}[{count}]" if count > 1 else f"/{name}")
            element = self.parents[element]
        return "".join(reversed(steps))


@lru_cache(maxsize=16)
def _document(data: bytes) -> _Document | None:
    """One pass over the file. lru_cache keys it by content: the same bytes have the same elements."""
    from xml.parsers import expat

    text = _decoded(data)
    found = _Document(text)
    parser = expat.ParserCreate("utf-8")
    content = text.lstrip()  # expat refuses blanks before a declaration
    encoded = content.encode("utf-8", "replace")
    points = _Points(encoded, len(text) - len(content))
    stack: list[tuple[int, dict[str, int]]] = [(-1, {})]

    def start(name: str, _: object) -> None:
        parent, counts = stack[-1]
        counts[name] = counts.get(name, 0) + 1
        stack.append((len(found.starts), {}))
        found.starts.append(points.at(parser.CurrentByteIndex))
        found.names.append((name, counts[name]))
        found.parents.append(parent)

    def end(_: str) -> None:
        stack.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(encoded, True)
    except expat.ExpatError:
        return None
    return found


class _Points:
    """Byte offsets of UTF-8 to code points, for offsets that only grow; `before`: code points that stand before."""

    def __init__(self, encoded: bytes, before: int) -> None:
        self._encoded = encoded
        self._before = before
        self._plain = encoded.isascii()
        self._byte = self._point = 0

    def at(self, byte: int) -> int:
        if self._plain:
            return self._before + byte
        if byte < self._byte:
            self._byte = self._point = 0
        self._point += len(self._encoded[self._byte : byte].decode("utf-8", "replace"))
        self._byte = byte
        return self._before + self._point


def _element(place: Place, data: bytes) -> Span | None:
    document = _document(data)
    if document is None or place.element is None or place.element >= len(document.starts):
        return None
    text = document.text
    start = document.starts[place.element]
    close = _tag_end(text, start)
    xpath = document.path(place.element)
    if place.part == "#text":
        start, close = _text_of(text, close) or (start, close)
    elif place.part:
        found = next((one for one in _ATTRIBUTES.finditer(text, start, close) if one.group(1) == place.part), None)
        if found is not None:
            start, close = found.span()
            xpath = f"{xpath}/@{place.part}"
    line, column = _position(text, start)
    end_line, end_column = _position(text, close)
    snippet = _line_of(text, start)
    return Span(place.path, line, column, end_line, end_column, _cut(snippet, column), place.note, xpath)


def _text_of(text: str, at: int) -> tuple[int, int] | None:
    """The first text of the element whose start tag ends there, without blanks; None if it has none."""
    while found := _UNSEEN.match(text, at):
        at = found.end()
    section = _CDATA.match(text, at)
    at = section.end() if section else at
    stop = text.find("]]>" if section else "<", at)
    inner = text[at : stop if stop >= 0 else at].rstrip()
    return (at, at + len(inner)) if inner else None


def _tag_end(text: str, start: int) -> int:
    """Behind the `>` of a start tag; a `>` inside quotes does not count."""
    at = start
    while found := _QUOTE_OR_END.search(text, at):
        if found.group() == ">":
            return found.end()
        at = text.find(found.group(), found.end()) + 1
        if at == 0:
            break
    return len(text)


def _position(text: str, at: int) -> tuple[int, int]:
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _line_of(text: str, at: int) -> str:
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
    return text[start : min(ends)] if ends else text[start:]

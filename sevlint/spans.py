"""From a Place to a Span, masked and escaped: only for what is shown (architecture 3).

An element of XML is found again by its number in document order, with expat: its byte offsets hold for every encoding,
which lxml's line numbers do not. A file that cannot be parsed keeps the line that the Place has.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from sevlint import clean
from sevlint.model import Comment, Place, Span
from sevlint.xmltext import AROUND, ENCODING, MARKS, STARTS, as_one, follows_another

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

SNIPPET = 400
"""Code points of a line that are shown; a longer line is cut around the place."""
_LINES = 20
"""Lines of a place whose text is shown."""

_ATTRIBUTES = re.compile(r"""([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_QUOTE_OR_END = re.compile("[\"'>]")
_UNSEEN = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
"""What may stand before an element's text and is none of it."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_CDATA = re.compile(r"<!\[CDATA\[\s*")


def resolve(place: Place, data: bytes | None, path: str) -> Span:
    """Line, columns and text of a place. `data` is the file's content, None where it is not kept (logs)."""
    if place.element is not None and data:
        found = _element(place, data)
        if found is not None:
            return found
    note = clean.printable(clean.mask(place.note))
    if place.line is None:
        end = _utf16(_lines(data).line(1)) if data else 0
        return Span(path, note=note, column16=1 if end else None, end_column16=end + 1 if end else None)
    lines = _lines(data) if data and place.text is None else _Lines(place.text or "", place.line)
    text = lines.line(place.line)
    column, end_column = place.column, place.end_column
    if column is None and text.strip():
        column, end_column = len(text) - len(text.lstrip()) + 1, len(text.rstrip()) + 1
    if column is None or not text:
        return Span(path, place.line, column, place.line if column else None, end_column, note=note)
    return _span(place, path, lines, (place.line, column), (place.line, end_column))


class _Lines:
    """The lines of a text as their numbers count them (`\\r\\n`, `\\n`, a lone `\\r`), and what of each is secret."""

    def __init__(self, text: str, first: int = 1) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._first = first
        self._lines = text.split("\n")
        self._blocks = clean.blocks(text)
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0)) if self._blocks else []

    def line(self, number: int) -> str:
        """A line by its number, "" for one that is not there."""
        at = number - self._first
        return self._lines[at] if 0 <= at < len(self._lines) else ""

    def hidden(self, number: int) -> clean.Ranges:
        """Where secrets stand in a line, also those that began on a line before it."""
        line = self.line(number)
        start = self._starts[number - self._first] if self._blocks and line else 0
        inside = ((max(a - start, 0), min(b - start, len(line))) for a, b in self._blocks if a < start + len(line))
        return clean.joined((*clean.secrets(line), *inside))


_KEPT = 16 * 1024 * 1024
"""Bytes of the files of which lines and elements are remembered: a report goes through its files rule by rule."""


def _remembered(make: Callable[[bytes], _T]) -> Callable[[bytes], _T]:
    """Works out each file once, as long as the files together are no larger; what was asked for last stays."""
    kept: dict[bytes, _T] = {}
    size = 0

    def of(data: bytes) -> _T:
        nonlocal size
        if data in kept:
            kept[data] = kept.pop(data)
            return kept[data]
        made = kept[data] = make(data)
        size += len(data)
        while size > _KEPT and len(kept) > 1:
            oldest = next(iter(kept))
            size -= len(oldest)
            del kept[oldest]
        return made

    return of


@_remembered
def _lines(data: bytes) -> _Lines:
    return _Lines(_decoded(data))


def _utf16(text: str) -> int:
    """The length in UTF-16 code units, which viewers count."""
    return len(text) + sum(one > "\uffff" for one in text) if not text.isascii() else len(text)


def _span(
    place: Place, path: str, lines: _Lines, first: tuple[int, int], last: tuple[int, int | None], xpath: str = ""
) -> Span:
    """Clean text is made of the raw line cut at the place, so that masks and escapes before it do not move it."""
    (number, column), (end_number, end_column) = first, last
    line, end_line = lines.line(number), lines.line(end_number)
    stop = len(end_line) if end_column is None else min(end_column - 1, len(end_line))
    start = min(column - 1, len(line))
    end = max(start, stop) if number == end_number else len(line)
    hidden = lines.hidden(number)
    left, right = _window(line, start)
    # none of the four may cut a secret in two
    left, right = _outside(left, hidden, 0), _outside(right, hidden, 1)
    begin, until = _outside(start, hidden, 0), _outside(min(end, right), hidden, 1)
    head = ("..." if left else "") + clean.show(line, left, begin, hidden)
    shown = clean.show(line, begin, until, hidden)
    tail = clean.show(line, until, right, hidden) + ("..." if right < len(line) else "")
    text = shown if end <= right else ""
    if number != end_number:
        text = _several(lines, (number, start), (end_number, stop))
    return Span(
        path,
        number,
        column,
        end_number,
        end_column,
        head + shown + tail,
        clean.printable(clean.mask(place.note)),
        clean.printable(xpath),
        column16=_utf16(line[:start]) + 1,
        end_column16=_utf16(end_line[: max(start, stop) if number == end_number else stop]) + 1,
        start=len(head),
        end=len(head) + len(shown),
        text=text,
        cut=right - left < len(line),
    )


def _window(line: str, start: int) -> tuple[int, int]:
    """The part of a line that is shown."""
    if len(line) <= SNIPPET:
        return 0, len(line)
    left = max(0, min(start - SNIPPET // 4, len(line) - SNIPPET))
    return left, left + SNIPPET


def _outside(at: int, hidden: clean.Ranges, side: int) -> int:
    """A position, moved to an end of the secret that it is in."""
    return next((secret[side] for secret in hidden if secret[0] < at < secret[1]), at)


def _several(lines: _Lines, first: tuple[int, int], last: tuple[int, int]) -> str:
    """The text of a place of several lines, "" for a long one."""
    (number, start), (end_number, stop) = first, last
    if end_number - number > _LINES:
        return ""
    parts = []
    for one in range(number, end_number + 1):
        line, hidden = lines.line(one), lines.hidden(one)
        begin = _outside(start, hidden, 0) if one == number else 0
        end = _outside(stop, hidden, 1) if one == end_number else len(line)
        if end - begin > SNIPPET:
            return ""
        parts.append(clean.show(line, begin, end, hidden))
    return "\n".join(parts)


def _decoded(data: bytes) -> str:
    for mark, encoding in (*MARKS, *STARTS):
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    declared = ENCODING.match(data)
    try:
        return data.decode(declared.group(1).decode() if declared else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


class _Document:
    """What the second pass learns of one file: where every element starts, what it is called, what it is in.

    `lasts` holds the last element inside each; `comments` where each starts, the element it stands in and the one that
    follows it there (-1 for none), and whether no element of its parent stands before it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.lasts: list[int] = []
        self.comments: list[tuple[int, int, int, bool]] = []
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

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    def position(self, at: int) -> tuple[int, int]:
        """Line and column of a code point, both 1-based."""
        line = bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1

    def comment(self, number: int) -> tuple[int, int]:
        """Where the comment of this number begins and ends."""
        start = self.comments[number - 1][0]
        end = self.text.find("-->", start + 4)
        return start, end + 3 if end >= 0 else len(self.text)


@_remembered
def _document(data: bytes) -> _Document | None:
    """One pass over the file; the same bytes have the same elements."""
    return _read(data, several=False)


def _read(data: bytes, *, several: bool) -> _Document | None:
    """None for a file that is no XML.

    `several`: the file is a row of documents, which are read below one root that does not count.
    """
    from xml.parsers import expat

    text = _decoded(data)
    found = _Document(text)
    parser = expat.ParserCreate("utf-8")
    content = text.lstrip()  # expat refuses blanks before a declaration
    before = len(text) - len(content)
    encoded = content.encode("utf-8", "replace")
    if several:
        encoded = as_one(encoded)
        before -= len(AROUND)
    points = _Points(encoded, before)
    stack: list[tuple[int, dict[str, int]]] = [(-1, {})]
    waiting: dict[int, list[int]] = {}

    def start(name: str, _: object) -> None:
        parent, counts = stack[-1]
        if several and len(stack) == 1:
            stack.append((-1, {}))
            return
        for number in waiting.pop(parent, ()):
            at, inside, _follower, leads = found.comments[number]
            found.comments[number] = at, inside, len(found.starts), leads
        counts[name] = counts.get(name, 0) + 1
        stack.append((len(found.starts), {}))
        found.starts.append(points.at(parser.CurrentByteIndex))
        found.names.append((name, counts[name]))
        found.parents.append(parent)
        found.lasts.append(-1)

    def end(_: str) -> None:
        element, _counts = stack.pop()
        waiting.pop(element, None)
        found.lasts[element] = len(found.starts) - 1

    def comment(_: str) -> None:
        parent, counts = stack[-1]
        waiting.setdefault(parent, []).append(len(found.comments))
        found.comments.append((points.at(parser.CurrentByteIndex), parent, -1, not counts))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CommentHandler = comment
    try:
        parser.Parse(encoded, True)
    except expat.ExpatError as error:
        return _read(data, several=True) if not several and follows_another(error) else None
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


_COMMENT = "#comment"


def mentions(data: bytes, word: str) -> bool:
    """Whether a file holds a word, in any encoding that it may have."""
    return any(word.encode(encoding) in data for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def comments(data: bytes, word: str) -> tuple[Comment, ...]:
    """The comments of an XML file that begin with a word; none of one that cannot be parsed.

    A file whose bytes do not hold the word is not looked at.
    """
    if not mentions(data, word):
        return ()
    document = _document(data)
    if document is None:
        return ()
    made = []
    for number, (_, inside, follower, leads) in enumerate(document.comments, 1):
        start, end = document.comment(number)
        text = document.text[start + 4 : end - 3]
        if not text.lstrip().startswith(word):
            continue
        element = inside if inside >= 0 and (leads or follower < 0) else follower
        last = document.lasts[element] if element >= 0 else -1
        at_top = leads and (inside == 0 or (inside < 0 and follower == 0))
        made.append(Comment(number, max(inside, 0), element, last, at_top, text))
    return tuple(made)


def _element(place: Place, data: bytes) -> Span | None:
    document = _document(data)
    if document is None or place.element is None or place.element >= len(document.starts):
        return None
    text = document.text
    start = document.starts[place.element]
    close = _tag_end(text, start)
    xpath = document.path(place.element)
    if place.part.startswith(_COMMENT):
        number = int(place.part.removeprefix(_COMMENT))
        if number > len(document.comments):
            return None
        start, close = document.comment(number)
    elif place.part == "#text":
        start, close = _text_of(text, close) or (start, close)
    elif place.part:
        found = next((one for one in _ATTRIBUTES.finditer(text, start, close) if one.group(1) == place.part), None)
        if found is not None:
            start, close = found.span()
            xpath = f"{xpath}/@{place.part}"
    return _span(place, place.path, _lines(data), document.position(start), document.position(close), xpath)


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

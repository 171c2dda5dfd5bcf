"""From changes to splices of a file: each written as its surroundings are, in quotes, indentation and line ends."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from itertools import pairwise
from typing import TYPE_CHECKING

from lxml import etree
from msgspec import Struct, structs

from sevlint.edits.document import Document
from sevlint.errors import EditError
from sevlint.model import Change, Replacement, Span
from sevlint.xmltext import as_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PIECE = re.compile(rb"(<!--.*?-->|<\?.*?\?>)|(<!\[CDATA\[.*?\]\]>)|[^<]+", re.DOTALL)
_REST_OF_LINE = re.compile(rb"[ \t]*(?:\r\n|\n|\r)")
_COMMENT = "#comment"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_QUOTES = {b'"': ('"', "&quot;"), b"'": ("'", "&apos;")}


class Splice(Struct, frozen=True, order=True):
    """What takes the place of a piece of a document; offsets are those of `Document.xml`."""

    start: int
    end: int
    new: bytes = b""


def splices(document: Document, changes: Iterable[Change]) -> tuple[Splice, ...]:
    """What all changes of one edit do together, sorted. Raises EditError where one of them is not possible."""
    by_element: dict[int, list[Change]] = {}
    for one in changes:
        if one.place.element is None:
            raise EditError("a change names no element")
        by_element.setdefault(one.place.element, []).append(one)
    try:
        made = sorted(one for element, mine in by_element.items() for one in _of_element(document, element, mine))
    except UnicodeEncodeError as error:
        raise EditError("a change holds what is no character") from error
    if any(second.start < first.end for first, second in pairwise(made)):
        raise EditError("its changes exclude each other")
    return tuple(_without_hollow(document, made))


def _without_hollow(document: Document, made: list[Splice]) -> list[Splice]:
    """An element such as `<memoryBacking>` goes with the last that is taken out of it; a comment in it keeps it."""
    if all(one.new for one in made):
        return made
    for element in document.hollow:
        first, last = document.inside(element)
        mine = [one for one in made if first <= one.start and one.end <= last]
        if not any(b"<" in document.xml[one.start : one.end] for one in mine):
            continue
        left, at = b"", first
        for one in mine:
            left += document.xml[at : one.start] + one.new
            at = one.end
        if element in document.roots or (left + document.xml[at:last]).strip():
            continue
        gone, rest = _drop(document, element), [one for one in made if one not in mine]
        if not any(_touch(gone, one) for one in rest):
            made = sorted([*rest, gone])
    return made


def loses_comment(document: Document, changes: Iterable[Change]) -> bool:
    """Whether a comment of the file would be gone that no change is about."""
    made = splices(document, [one for one in changes if not _is_comment(one)])
    return any(b"<!--" in document.xml[one.start : one.end] for one in made)


class Patch:
    """The edits of one round: those that touch another wait for the next, when the file was judged again."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._taken: list[Splice] = []

    def take(self, made: Sequence[Splice]) -> bool:
        """Take in an edit; False if it touches what was taken."""
        for one in made:
            at = bisect_left(self._taken, one)
            if any(_touch(one, other) for other in self._taken[max(0, at - 1) : at + 1]):
                return False
        for one in made:
            insort(self._taken, one)
        return True

    def data(self) -> bytes:
        """The file as it is to be. Raises EditError if nothing could read it."""
        taken = _without_hollow(self._document, self._taken)
        data = self._document.spliced([(one.start, one.end, one.new) for one in taken])
        whole = as_one(Document(data).xml) if len(self._document.roots) > 1 else data
        reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            etree.fromstring(whole.lstrip() if whole[:1] in b" \t\r\n" else whole, reader)
        except etree.XMLSyntaxError as error:
            raise EditError("it would not be well-formed") from error
        return data


def replacements(document: Document, made: Iterable[Splice], file: Span) -> tuple[Replacement, ...]:
    """The same as regions of the file, for formats that tell how to mend; `file` says which."""
    found = []
    for one in made:
        (line, column, column16), (end_line, end_column, end_column16) = (
            _position(document.xml[:at]) for at in (one.start, one.end)
        )
        span = structs.replace(
            file,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            column16=column16,
            end_column16=end_column16,
        )
        found.append(Replacement(span, document.foreign(one.new)))
    return tuple(found)


def _position(before: bytes) -> tuple[int, int, int]:
    """Line, column and the column in UTF-16 code units of what comes next."""
    text = before.decode().replace("\r\n", "\n").replace("\r", "\n")
    last = text[text.rfind("\n") + 1 :]
    return text.count("\n") + 1, len(last) + 1, len(last.encode("utf-16-le")) // 2 + 1


def _touch(one: Splice, other: Splice) -> bool:
    """Two pieces side by side do not; what is put in at an end of another does."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def _of_element(document: Document, element: int, changes: list[Change]) -> list[Splice]:
    made = [_comment(document, one) for one in changes if _is_comment(one)]
    rest = [one for one in changes if not _is_comment(one)]
    return [*made, *_of_tag(document, element, rest)] if rest else made


def _is_comment(change: Change) -> bool:
    return change.place.part.startswith(_COMMENT)


def _comment(document: Document, change: Change) -> Splice:
    start, end = document.comment(int(change.place.part.removeprefix(_COMMENT)))
    if change.op == "put":
        return Splice(start + 4, end - 3, change.text.replace("--", "- -").encode())
    return _without_its_line(document, start, end)


def _of_tag(document: Document, element: int, changes: list[Change]) -> list[Splice]:
    parts = [one.place.part for one in changes if one.op != "add"]
    whole = [one for one in changes if _is_whole(one)]
    if len(set(parts)) < len(parts) or (whole and len(changes) > 1):
        raise EditError("its changes exclude each other")
    if whole:
        return [_drop(document, element) if whole[0].op == "drop" else _put(document, element, whole[0].text)]
    adds = [one.text for one in changes if one.op == "add"]
    texts = [one.text for one in changes if one.op == "put" and _is_text(one)]
    if adds and texts:
        raise EditError("its changes exclude each other")
    made = [one for change in changes if change.op == "rename" for one in _rename(document, element, change)]
    made += _attributes(document, element, [one for one in changes if one.op in ("put", "drop") and not _is_text(one)])
    if adds:
        made.append(_add(document, element, adds))
    for text in texts:
        made += _text(document, element, text)
    return made


def _is_text(change: Change) -> bool:
    return change.place.part == "#text"


def _is_whole(change: Change) -> bool:
    """To drop an element's text is to drop the element: libvirt takes an empty one for a mistake, or for a default."""
    return change.op not in ("add", "rename") and (not change.place.part or (change.op == "drop" and _is_text(change)))


def _attributes(document: Document, element: int, changes: list[Change]) -> list[Splice]:
    tag = document.tag(element)
    quote = tag.attributes[-1].quote if tag.attributes else document.quote
    blanks = tag.attributes[-1].blanks if tag.attributes else b" "
    blanks = blanks if b"\n" in blanks or b"\r" in blanks else b" "
    made, new = [], b""
    for one in changes:
        name = one.place.part.encode()
        found = next((attribute for attribute in tag.attributes if attribute.name == name), None)
        if one.op == "drop":
            if found is None:
                raise EditError(f"its element {element} has no attribute {one.place.part}")
            made.append(Splice(found.start, found.end))
        elif found is None:
            new += blanks + name + b"=" + quote + _escaped(one.text, quote) + quote
        else:
            made.append(Splice(found.value, found.end - 1, _escaped(one.text, found.quote)))
    return [*made, Splice(tag.tail, tag.tail, new)] if new else made


def _rename(document: Document, element: int, change: Change) -> list[Splice]:
    """The element in both of its tags, or an attribute."""
    tag, new = document.tag(element), change.text.encode()
    if change.place.part:
        name = change.place.part.encode()
        found = next((one for one in tag.attributes if one.name == name), None)
        if found is None:
            raise EditError(f"its element {element} has no attribute {change.place.part}")
        start = found.start + len(found.blanks)
        return [Splice(start, start + len(name), new)]
    made = [Splice(tag.start + 1, tag.start + 1 + len(tag.name), new)]
    if not tag.empty:
        close = document.closing(element) + 2
        made.append(Splice(close, close + len(tag.name), new))
    return made


def _text(document: Document, element: int, text: str) -> list[Splice]:
    """Comments within stay; of several pieces of text the first is replaced, and the others go."""
    tag, new = document.tag(element), _escaped(text, b"")
    if tag.empty:
        return [Splice(tag.tail, tag.end, b">" + new + b"</" + tag.name + b">")]
    at, stop = tag.end, document.closing(element)
    found: list[Splice] = []
    while at < stop:
        piece = _PIECE.match(document.xml, at, stop)
        if piece is None:
            raise EditError(f"its element {element} holds others, and has no text of its own")
        words = piece.group().strip()
        if words and piece.group(1) is None:
            start = at + piece.group().index(words)
            found.append(Splice(start, start + len(words), b"" if found else new))
        at = piece.end()
    return found or [Splice(tag.end, tag.end, new)]


def _put(document: Document, element: int, fragment: str) -> Splice:
    start, end = document.whole(element)
    return Splice(start, end, _indented(document, fragment, document.indent(start)))


def _drop(document: Document, element: int) -> Splice:
    """An element that is alone on its lines takes them with it."""
    if element in document.roots:
        raise EditError("the root element cannot be dropped")
    return _without_its_line(document, *document.whole(element))


def _without_its_line(document: Document, start: int, end: int) -> Splice:
    rest = _REST_OF_LINE.match(document.xml, end)
    if rest is not None and document.begins_line(start):
        return Splice(document.line_start(start), rest.end())
    return Splice(start, end)


def _add(document: Document, element: int, fragments: list[str]) -> Splice:
    """On lines of their own, unless the whole document is on one."""
    tag, newline = document.tag(element), document.newline
    outer, child = document.indent(tag.start), document.last_child(element)
    indent = outer + (b"\t" if b"\t" in outer else b"  ")
    if child is not None and document.begins_line(document.starts[child]):
        indent = document.indent(document.starts[child])
    if newline:
        block = b"".join(indent + _indented(document, one, indent) + newline for one in fragments)
    else:
        block, outer = b"".join(_indented(document, one, b"") for one in fragments), b""
    if tag.empty:
        return Splice(tag.tail, tag.end, b">" + newline + block + outer + b"</" + tag.name + b">")
    close = document.closing(element)
    if newline and document.begins_line(close) and document.line_start(close) >= tag.end:
        return Splice(document.line_start(close), document.line_start(close), block)
    return Splice(close, close, newline + block + outer)


def _indented(document: Document, fragment: str, indent: bytes) -> bytes:
    """A fragment whose first line stands where it is put, the others indented like it."""
    first, *more = fragment.strip().encode().split(b"\n")
    newline = document.newline or b"\n"
    return newline.join((first, *(indent + line if line.strip() else line for line in more)))


def _escaped(text: str, quote: bytes) -> bytes:
    """As an attribute's value in these quotes, or as an element's text."""
    escaped = "".join(_ESCAPES.get(one, one) for one in text)
    return (escaped.replace(*_QUOTES[quote]) if quote else escaped).encode()

"""A file's XML: as UTF-8 whatever its encoding, where every element stands in it, and the way back to its bytes."""

from __future__ import annotations

import re
from functools import cached_property
from xml.parsers import expat

from msgspec import Struct

from sevlint.errors import EditError
from sevlint.xmltext import AROUND, ENCODING, MARKS, STARTS, as_one, follows_another

_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"""(\s+)([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_TAG_END = re.compile(rb"\s*(/?)>")
_BLANKS = re.compile(rb"[ \t]*")
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_HOLLOW = re.compile(rb"<(?:memoryBacking|memtune|firmware)\s*>")
"""An empty `<firmware>` is even refused by libvirt's schema."""


class Attribute(Struct, frozen=True):
    """One attribute: `start` is that of the blanks before it, `end` is behind its closing quote."""

    name: bytes
    blanks: bytes
    quote: bytes
    start: int
    value: int
    end: int


class Tag(Struct, frozen=True):
    """A start tag. `tail` is behind its name and last attribute, `end` behind its `>`."""

    name: bytes
    attributes: tuple[Attribute, ...]
    start: int
    tail: int
    end: int
    empty: bool


class Document:
    """Read once, in time linear to its length. Raises EditError for what cannot be changed without harm."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._mark, self._encoding = _encoding(data)
        rest = data[len(self._mark) :]
        try:
            self.xml = rest if self._encoding == "utf-8" else rest.decode(self._encoding).encode()
            self.xml.decode()
        except (LookupError, ValueError) as error:
            raise EditError(f"its encoding ({self._encoding}) cannot be kept") from error
        self.starts: list[int] = []
        self.roots: list[int] = []
        """The outermost element of each document: there are several in what `virsh dumpxml` prints in a loop."""
        self.comments: list[int] = []
        """Where each comment begins."""
        self._closes: list[int] = []
        self._last: dict[int, int] = {}
        """The last child of each element that has one."""
        self._read()

    def _read(self) -> None:
        content = self.xml.lstrip()  # expat refuses blanks before a declaration
        skipped = len(self.xml) - len(content)
        try:
            try:
                self._parse(content, skipped)
            except expat.ExpatError as error:
                if not follows_another(error):
                    raise
                for found in (self.starts, self.roots, self.comments, self._closes):
                    found.clear()
                self._last.clear()
                self._parse(as_one(content), skipped - len(AROUND), around=True)
        except expat.ExpatError as error:
            raise EditError("it is not well-formed") from error

    def _parse(self, content: bytes, skipped: int, *, around: bool = False) -> None:
        """`skipped`: how much further back a position stands in the file; `around`: the root is none of the file's."""
        parser = expat.ParserCreate("utf-8")
        stack: list[int] = []
        depth = 0

        def start(_: str, __: object) -> None:
            nonlocal depth
            depth += 1
            if around and depth == 1:
                return
            number = len(self.starts)
            if stack:
                self._last[stack[-1]] = number
            else:
                self.roots.append(number)
            stack.append(number)
            self.starts.append(skipped + parser.CurrentByteIndex)
            self._closes.append(0)

        def end(_: str) -> None:
            nonlocal depth
            depth -= 1
            if stack:
                self._closes[stack.pop()] = skipped + parser.CurrentByteIndex

        def comment(_: str) -> None:
            self.comments.append(skipped + parser.CurrentByteIndex)

        def text(words: str) -> None:
            if around and depth == 1 and words.strip():
                raise EditError("it is not well-formed")

        def doctype(*_: object) -> None:
            raise EditError("it has a DOCTYPE")

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CommentHandler = comment
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = doctype
        parser.Parse(content, True)

    def tag(self, element: int) -> Tag:
        """The start tag of the element of this number in document order."""
        if not 0 <= element < len(self.starts):
            raise EditError(f"it has no element {element}")
        start = self.starts[element]
        name = _NAME.match(self.xml, start)
        at = name.end() if name else start
        attributes = []
        while found := _ATTRIBUTE.match(self.xml, at):
            value = self.xml.index(b"=", found.end(2)) + 1
            while self.xml[value : value + 1] not in (b'"', b"'"):
                value += 1
            quote = self.xml[value : value + 1]
            attributes.append(Attribute(found.group(2), found.group(1), quote, at, value + 1, found.end()))
            at = found.end()
        end = _TAG_END.match(self.xml, at)
        if name is None or end is None:
            raise EditError(f"its element {element} has no tag")
        return Tag(name.group(1), tuple(attributes), start, at, end.end(), end.group(1) == b"/")

    def closing(self, element: int) -> int:
        """Where the end tag of an element begins that is not empty."""
        return self._closes[element]

    def whole(self, element: int) -> tuple[int, int]:
        """An element from its start tag to behind its end tag."""
        tag = self.tag(element)
        return tag.start, tag.end if tag.empty else self.xml.index(b">", self.closing(element)) + 1

    def inside(self, element: int) -> tuple[int, int]:
        """What stands between the tags of an element that is not empty."""
        return self.tag(element).end, self.closing(element)

    def comment(self, number: int) -> tuple[int, int]:
        """The comment of this number, from 1, with its marks."""
        if not 1 <= number <= len(self.comments):
            raise EditError(f"it has no comment {number}")
        start = self.comments[number - 1]
        return start, self.xml.index(b"-->", start + 4) + 3

    @cached_property
    def hollow(self) -> tuple[int, ...]:
        """The elements that say nothing when nothing is left in them."""
        return tuple(number for number, start in enumerate(self.starts) if _HOLLOW.match(self.xml, start))

    def last_child(self, element: int) -> int | None:
        """Its last child, if it has any."""
        return self._last.get(element)

    def line_start(self, at: int) -> int:
        """Where the line begins that a position is in."""
        return max(self.xml.rfind(b"\n", 0, at), self.xml.rfind(b"\r", 0, at)) + 1

    def indent(self, at: int) -> bytes:
        """The blanks that the line of a position begins with."""
        found = _BLANKS.match(self.xml, self.line_start(at), at)
        return found.group() if found else b""

    def begins_line(self, at: int) -> bool:
        """Whether only blanks stand before a position in its line."""
        return not self.xml[self.line_start(at) : at].strip()

    @cached_property
    def newline(self) -> bytes:
        """How lines end, b"" where the root element is on one line."""
        start, end = self.whole(0)
        found = _NEWLINE.search(self.xml, start, end)
        return found.group() if found else b""

    @cached_property
    def quote(self) -> bytes:
        """The quote for the attribute of an element that has no other: the root's, else libvirt's."""
        return next((one.quote for one in self.tag(0).attributes), b"'")

    def foreign(self, piece: bytes) -> str:
        """A new piece as the file can hold it: characters that its encoding lacks are references."""
        return piece.decode().encode(self._encoding, "xmlcharrefreplace").decode(self._encoding)

    def spliced(self, changes: list[tuple[int, int, bytes]]) -> bytes:
        """The file with the pieces from `start` to `end` replaced; `changes` are sorted and apart."""
        before, after = [self._mark], [self._mark]
        at = 0
        for start, end, new in changes:
            kept = self._encoded(self.xml[at:start])
            before += (kept, self._encoded(self.xml[start:end]))
            after += (kept, self.foreign(new).encode(self._encoding))
            at = end
        rest = self._encoded(self.xml[at:])
        if b"".join((*before, rest)) != self._data:
            raise EditError(f"its encoding ({self._encoding}) cannot be kept")
        return b"".join((*after, rest))

    def _encoded(self, piece: bytes) -> bytes:
        return piece if self._encoding == "utf-8" else piece.decode().encode(self._encoding)


def _encoding(data: bytes) -> tuple[bytes, str]:
    """The byte order mark, if there is one, and the encoding."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return mark, encoding
    for start, encoding in STARTS:
        if data.startswith(start):
            return b"", encoding
    declared = ENCODING.match(data.lstrip()[:300])
    name = declared.group(1).decode("ascii", "replace").lower() if declared else "utf-8"
    return b"", "utf-8" if name == "utf8" else name

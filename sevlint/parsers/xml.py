"""XML of strangers: entities, DTD and network off, comments and instructions dropped, size bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from sevlint.errors import ParseError
from sevlint.parsers.base import Text, decode

if TYPE_CHECKING:
    from sevlint.model import Place

ELEMENT_LIMIT = 200_000
"""`<` in a file: lxml takes 100 bytes and more for each element, and a file may hold millions."""

_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_WHERE = re.compile(r",? line \d+.*", re.DOTALL)


def parse(text: Text) -> etree._Element:
    """The root element. Raises ParseError with the place of what is wrong."""
    if text.data.count(b"<") > ELEMENT_LIMIT:
        raise ParseError(f"more than {ELEMENT_LIMIT:,} elements, which no libvirt XML has", text.place(1))
    data = text.data.lstrip() if text.data[:1] in b" \t\r\n" else text.data
    reader = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(data, reader)
    except etree.XMLSyntaxError as error:
        why = _WHERE.sub("", str(error.msg or "not well-formed"))[:200].strip()
        raise ParseError(why, _place(text, len(text.data) - len(data), *(error.position or (1, 1)))) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ParseError(
            "it has a DOCTYPE, which libvirt never writes and sevlint does not read", text.place(_doctype(text))
        )
    return root


def said(element: etree._Element | None) -> str:
    """The string value of an element, as XPath's string() gives it to libvirt."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""


def _place(text: Text, skipped: int, line: int, column: int) -> Place:
    """Where lxml stopped, in the file itself: `skipped` bytes stood before what it read."""
    before = decode(text.data[:skipped]).split("\n")
    column += len(before[-1]) if line <= 1 else 0
    line = max(line, 1) + len(before) - 1
    last = len(text.lines)
    if line > last:
        line, column = max(last, 1), len(text.lines[-1]) + 1 if last else 1
    width = len(text.lines[line - 1]) if last else 0
    return text.place(line, max(1, min(column, width + 1)))


def _doctype(text: Text) -> int:
    """The line of the DOCTYPE: it stands before the first element, behind blanks, comments and instructions."""
    content = decode(text.data)
    at = 0
    while found := _PROLOG.match(content, at):
        at = found.end()
    return content.count("\n", 0, at) + 1

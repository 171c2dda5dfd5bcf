"""XML of strangers: entities, DTD and network off, comments and instructions dropped, size bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from sevlint.errors import ParseError
from sevlint.parsers.base import Text, decode
from sevlint.xmltext import DECLARATION

if TYPE_CHECKING:
    from sevlint.model import Place

ELEMENT_LIMIT = 200_000
"""`<` in a file: lxml takes 100 bytes and more for each element, and a file may hold millions."""

_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_WHERE = re.compile(r",? line \d+.*", re.DOTALL)


SEVERAL = "{sevlint}several"
"""The root that `parse` puts around the documents of a file that holds several."""
_BEHIND_A_DOCUMENT = (etree.ErrorTypes.ERR_DOCUMENT_END, etree.ErrorTypes.ERR_RESERVED_XML_NAME)


def parse(text: Text) -> etree._Element:
    """The root element. Raises ParseError with the place of what is wrong.

    Documents that follow each other in one file (`virsh dumpxml` in a loop) are children of one root, SEVERAL.
    """
    if text.data.count(b"<") > ELEMENT_LIMIT:
        raise ParseError(f"more than {ELEMENT_LIMIT:,} elements, which no libvirt XML has", text.place(1))
    data = text.data.lstrip() if text.data[:1] in b" \t\r\n" else text.data
    try:
        root = etree.fromstring(data, _reader())
    except etree.XMLSyntaxError as error:
        several = _several(text) if getattr(error, "code", None) in _BEHIND_A_DOCUMENT else None
        if several is not None:
            return several
        why = _WHERE.sub("", str(error.msg or "not well-formed"))[:200].strip()
        raise ParseError(why, _place(text, len(text.data) - len(data), *(error.position or (1, 1)))) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ParseError(
            "it has a DOCTYPE, which libvirt never writes and sevlint does not read", text.place(_doctype(text))
        )
    return root


def numbers_of(root: etree._Element) -> dict[etree._Element, int]:
    """The number of each element in the file, in document order."""
    return {element: number for number, element in enumerate(root.iter("*"), -1 if root.tag == SEVERAL else 0)}


def _reader() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )


def _several(text: Text) -> etree._Element | None:
    """The documents of a file below one root; None where it is no row of documents, each well-formed."""
    content = DECLARATION.sub(b"", decode(text.data).encode())
    try:
        root = etree.fromstring(b"<s:several xmlns:s='sevlint'>%b</s:several>" % content, _reader())
    except etree.XMLSyntaxError:
        return None
    stray = [root.text, *(child.tail for child in root)]
    return None if len(root) < 2 or any(one and one.strip() for one in stray) else root


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

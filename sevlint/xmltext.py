"""What every reader of an XML file must see alike: its encoding, and that it may hold several documents.

Evidence is parsed by lxml, places are found and edits made by expat: an element has the same number for all of them
only if they agree on where a file begins and what belongs to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.parsers.expat import ExpatError

MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Byte order mark -> encoding."""
STARTS = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
"""First bytes -> encoding: XML may have UTF-16 without a mark."""
ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding=[\"']([\w.-]{1,40})")
"""The encoding that an XML declaration names."""
DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
AROUND = b"<several>"


def as_one(content: bytes) -> bytes:
    """Documents that follow each other as one, in UTF-8 and as long but for the tags around."""
    return AROUND + DECLARATION.sub(lambda one: b" " * len(one.group()), content) + b"</several>"


def follows_another(error: ExpatError) -> bool:
    """Whether expat stopped where a document follows another: `virsh dumpxml` in a loop."""
    from xml.parsers.expat import errors

    behind = (errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT, errors.XML_ERROR_MISPLACED_XML_PI)
    return error.code in {errors.codes[one] for one in behind}

"""Masks secrets and makes text safe to print. Every text of a finding passes here once, when the finding is built.

Secrets are known by their keys (snapshots 6.1); only the value is replaced, and its length does not show. A line is
masked before it is cut: what is left of a cut value has no key. All patterns are linear: a repeat is over a class that
its neighbours exclude, or has a bound.
"""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "[MASKED]"

Ranges = tuple[tuple[int, int], ...]
"""Where secrets stand in a text: sorted, apart from each other, ends exclusive."""

_HINT = re.compile(
    r"pass|pwd|rootpw|psk|secret|session|dh[_-]?cert|token|[_.-]key|apikey|:key=|://|credential|BEGIN |string=|opt/"
    r"|iscsi:|id[_-]?block|id[_-]?auth|host[_-]?data|ds=nocloud|<auth|\"data\\?\"|;data&|cookie|[<:]env\s|<!ENTITY\s",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_FOREIGN = re.compile("[\udc80-\udcff]+")

_KEYS = (
    r"(?:passw(?:or)?d|passphrase|rootpw|(?<![a-z])(?:pwd|psk)|(?<!-)secret|token(?:_?hash)?"
    r"|api[._-]?key|(?:access|private|secret)[._-]key|luks\.key|(?<!systemd\.)credentials?(?:[._-]?(?:binary|encrypted))?"
    r"|id[_-]?block|id[_-]?auth|host[_-]?data|launch[_-]?secret\w{0,16})"
)
"""`password-secret=` and its like hold the id of an object, not a secret."""
_SWITCH = r"(?!(?:on|off|yes|no|true|false)(?![^\s,;'\"<>)\]}]))"
_BARE = r"(?:[^\s,<>]|,,)+"
"""A value without quotes: QEMU doubles the commas in it."""
_BLOCKS = (
    r"session|cookie|dh[_-]?cert|id[_-]?block|id[_-]?auth|host[_-]?data|launchSecret\w{0,16}"
    r"|(?:[\w.-]{0,32}:)?(?:passw(?:or)?d|passphrase)"
)
"""libvirt ignores another spelling of its own elements, whose text is secret all the same."""


@cache
def _key_value() -> re.Pattern[str]:
    """Compiled on first use, as all that follow: most texts have no hint of a secret."""
    quoted = r"'(?P<single>[^'\n]*)|\"(?P<double>(?:[^\"\\\n]|\\.)*)|\\\"(?P<nested>[^\"\\\n]*)"
    quoted += r"|&(?:quot|#34);(?P<entity>(?:[^&\n]|&(?!quot;|#34;))*)"
    plain = rf"{_SWITCH}(?(equals)(?P<bare>{_BARE})|(?P<rest>[^\s<>][^\n<>]*))"
    sign = r"\s{0,3}(?:(?P<equals>=)|:)\s{0,3}"
    return re.compile(rf"{_KEYS}(?:\\?[\"']|&(?:quot|#34);)?{sign}(?:{quoted}|{plain})", re.IGNORECASE)


@cache
def _plain_patterns() -> tuple[re.Pattern[str], ...]:
    """Each has one group: the secret."""
    return tuple(
        re.compile(text, flags)
        for text, flags in (
            # QEMU: the secret object as JSON, fw_cfg strings, rbd keys, systemd credentials in SMBIOS
            (r"\\?\"data\\?\"\s{0,3}:\s{0,3}\\?\"((?:[^\"\\\n]|\\[^\n])*)", 0),
            (r"&(?:quot|#34);data&(?:quot|#34);\s{0,3}:\s{0,3}&(?:quot|#34);((?:[^&\n]|&(?!quot;|#34;))*)", 0),
            (rf"(?:-fw_cfg\s{{1,4}}|\bopt/)\S{{0,512}}?\bstring=(?P<bare>{_BARE})", 0),
            (r"<entry\s[^<>]{0,256}\bname\s?=\s?['\"]opt/[^<>]{0,256}>([^<\n]+)", 0),
            (r":key=([^\s:,'\"<>]+)", 0),
            (rf"io\.systemd\.credential(?:\.binary)?:[^=\s]{{1,256}}=(?P<bare>{_BARE})", 0),
            (r"io\.systemd\.credential(?:\.binary)?:[^=\s]{1,256}=([^<\n]{1,4096})</", 0),
            # boot loader and cloud-init
            (r"\bds=nocloud[^;\s]{0,32};(\S+)", 0),
            (r"\bpassword(?:_pbkdf2)?[ \t]{1,8}[\w.-]{1,64}[ \t]{1,8}(grub\.pbkdf2\.\S+)", 0),
            # the environment that libvirt gives QEMU
            (r"[<:]env\s[^<>]{0,256}?\bvalue\s?=\s?'([^'\n]*)", 0),
            (r"[<:]env\s[^<>]{0,256}?\bvalue\s?=\s?\"([^\"\n]*)", 0),
            # an entity's text: nothing tells where it would stand
            (r"<!ENTITY\s{1,16}(?:%\s{1,16})?[^\s'\"<>]{1,256}\s{1,16}'([^'\n]+)", 0),
            (r"<!ENTITY\s{1,16}(?:%\s{1,16})?[^\s'\"<>]{1,256}\s{1,16}\"([^\"\n]+)", 0),
            # user:password@ in a URL, a lone token@ where a user name means nothing, iSCSI of dracut
            (r"://[^\s/:@]{1,256}:([^\s/]{1,256})@", 0),
            (r"\bhttps?://([^\s/:@'\"<>]{1,256})@", re.IGNORECASE),
            (r"\biscsi:([^\s@/]{1,512})@", 0),
        )
    )


@cache
def _references() -> tuple[re.Pattern[str], ...]:
    """User names and ids of disks' secrets: a report hides them, but they open nothing."""
    return tuple(
        re.compile(text)
        for text in (
            r"<auth\s[^<>]{0,256}?\busername\s?=\s?'([^'\n]*)",
            r"<auth\s[^<>]{0,256}?\busername\s?=\s?\"([^\"\n]*)",
            r"<secret\s[^<>]{0,256}?\b(?:uuid|usage)\s?=\s?'([^'\n]*)",
            r"<secret\s[^<>]{0,256}?\b(?:uuid|usage)\s?=\s?\"([^\"\n]*)",
        )
    )


@cache
def _secret_object() -> re.Pattern[str]:
    return re.compile(r"(?<![\w-])secret(?:_keyring)?,(?:\S{0,512}?,)?data=(" + _BARE + ")")


@cache
def _block_start() -> re.Pattern[str]:
    return re.compile(rf"<(?P<name>{_BLOCKS})(?=[\s/>])[^<>]{{0,4096}}>?", re.IGNORECASE)


@cache
def _block_end(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{re.escape(name)}(?=[\s>])", re.IGNORECASE)


@cache
def _attribute() -> re.Pattern[str]:
    """XML's attributes may go on over lines."""
    keys = r"(?:passw(?:or)?d|\bsession|\bdh[_-]?cert)"
    return re.compile(keys + r"\s{0,64}=\s{0,64}(?:'([^'<]{0,4096})|\"([^\"<]{0,4096}))", re.IGNORECASE)


@cache
def _private_key() -> re.Pattern[str]:
    return re.compile("-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")


@cache
def _cut_block() -> re.Pattern[str]:
    return re.compile(r"\A[A-Za-z0-9+/=\s]+(?=</(?:dh[_-]?cert|session)\b)", re.IGNORECASE)


def blocks(text: str) -> Ranges:
    """Secrets that may be longer than a line: in XML the texts of elements and passwords, and private keys.

    An element without its end tag is secret up to the next end tag, or to the end of the text.
    """
    found = list(_elements(text))
    found += (one.span(one.lastindex or 0) for one in _attribute().finditer(text))
    for key in _private_key().finditer(text):
        end = text.find("-----END ", key.end())
        found.append((key.end(), end if end >= 0 else len(text)))
    return joined(found)


def _elements(text: str) -> Iterator[tuple[int, int]]:
    never_closed: set[str] = set()
    at = 0
    while at < len(text) and (opened := _block_start().search(text, at)):
        at = opened.end()
        if opened.group().endswith("/>"):
            continue
        name = opened.group("name").lower()
        closed = None if name in never_closed else _block_end(name).search(text, at)
        if closed is None:
            never_closed.add(name)
        end = closed.start() if closed else text.find("</", at)
        end = end if end >= 0 else len(text)
        if text[at:end].strip():
            yield at, end
        at = end


@lru_cache(maxsize=16)
def secrets(text: str, *, references: bool = True) -> Ranges:
    """The secrets in a line or another short text, with what only names one."""
    if not _HINT.search(text):
        return ()
    found = [*blocks(text), *_keyed(text), *_objects(text)]
    for pattern in (*_plain_patterns(), *(_references() if references else ())):
        found += (_value(text, one, 1) for one in pattern.finditer(text))
    found += (one.span() for one in _cut_block().finditer(text))
    return joined(found)


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Sorted, those that touch made one."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        elif start < end:
            made.append((start, end))
    return tuple(made)


def _keyed(text: str) -> Iterator[tuple[int, int]]:
    for one in _key_value().finditer(text):
        yield _value(text, one, one.lastgroup or 0)


def _value(text: str, found: re.Match[str], group: int | str) -> tuple[int, int]:
    start, end = found.span(group)
    return start, _end_of_word(text, start, end) if found.lastgroup == "bare" else end


def _objects(text: str) -> Iterator[tuple[int, int]]:
    """`-object secret,id=s,data=VALUE`."""
    for one in _secret_object().finditer(text):
        start, end = one.span(1)
        quote = text[start : start + 1]
        if quote in ("'", '"'):
            closed = text.find(quote, start + 1)
            yield start + 1, closed if closed >= 0 else len(text)
        else:
            yield start, _end_of_word(text, start, end)


def _end_of_word(text: str, start: int, end: int) -> int:
    """The end of a bare value; inside quotes that were opened earlier in its word it goes up to the closing one."""
    word = text[max(0, start - 512) : start]
    word = word[max((word.rfind(space) for space in " \t\n"), default=-1) + 1 :]
    quote = max("'\"`", key=word.rfind)
    if word.count(quote) % 2 == 0:
        return end
    closed = text.find(quote, start)
    return closed if closed >= 0 else end


def mask(text: str) -> str:
    """The text with the values of known secrets replaced."""
    return _replaced(text, 0, len(text), secrets(text))


_LAUNCH_DATA = re.compile(r"<(?:session|dhCert|idBlock|idAuth|hostData)>\s*\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]")


def blank(text: str) -> str:
    """A whole file without its secrets. Launch data keeps its length, which is no secret and which rules judge."""
    hidden: list[tuple[int, int]] = list(blocks(text))
    at = 0
    for line in text.split("\n"):
        hidden += ((at + start, at + end) for start, end in secrets(line))
        at += len(line) + 1
    parts, done = [], 0
    for start, end in joined(hidden):
        secret = text[start:end]
        is_data = _LAUNCH_DATA.search(text, max(0, start - 64), start)
        parts += [text[done:start], _BASE64.sub("A", secret) if is_data else MASK]
        done = end
    return "".join((*parts, text[done:]))


def show(text: str, start: int, end: int, hidden: Ranges) -> str:
    """A part of a text, masked and safe to print. The part must not begin or end inside a hidden range."""
    return printable(_replaced(text, start, end, hidden))


def _replaced(text: str, start: int, end: int, hidden: Ranges) -> str:
    parts = []
    for first, last in hidden:
        if start <= first and last <= end:
            parts += [text[start:first], MASK]
            start = last
    return "".join((*parts, text[start:end]))


def printable(text: str) -> str:
    """One line that no terminal acts on: control, direction and invisible characters become visible escapes."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_escape, _FOREIGN.sub(_redecode, text).replace("\t", " "))


def _redecode(found: re.Match[str]) -> str:
    """File names are UTF-8 whatever the locale that they were read in."""
    return found.group().encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def uri(path: str, *, on_disk: bool = True) -> str:
    """A path as a URI reference, of its bytes: on disk they are those of the file system, else UTF-8.

    Importing urllib costs 2 ms that a plain path need not pay.
    """
    if path.isascii() and path.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum():
        return path
    from urllib.parse import quote

    return quote(os.fsencode(path) if on_disk else path.encode("utf-8", "surrogateescape"), safe="/")


def name_of(path: str) -> str:
    """A file's name on disk as UTF-8, whatever the locale that it was read in."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")

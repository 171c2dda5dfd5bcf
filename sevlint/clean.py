"""Masks secrets and makes text safe to print. Every text of a finding passes here once, when the finding is built.

Secrets are known by their keys (snapshots 6.1); only the value is replaced, and its length does not show. All patterns
are linear: each has one repeat at a time, over a class that its neighbours exclude.
"""

from __future__ import annotations

import re
from functools import cache

MASK = "[MASKED]"

_HINT = re.compile(
    r"pass|secret|session|dhcert|token|[_.-]key|apikey|data=|://|credential|BEGIN |string=", re.IGNORECASE
)
_KEYS = r"(?:[\w.-]{0,64}(?:passw(?:or)?d|passphrase|secret|token|apikey|api_key|credentials?)|rd\.luks\.key)"
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled on first use: most texts have no hint of a secret."""
    return (
        # attributes: passwd='x', and key=value words of command lines, logs and configuration files
        (re.compile(rf"\b({_KEYS})(\s{{0,3}}[=:]\s{{0,3}})'[^'\n]*'", re.IGNORECASE), rf"\1\2'{MASK}'"),
        (re.compile(rf'\b({_KEYS})("?\s{{0,3}}[=:]\s{{0,3}})"[^"\n]*"', re.IGNORECASE), rf'\1\2"{MASK}"'),
        (re.compile(rf"\b({_KEYS})(=)(?!\[MASKED\]|['\"])[^\s,'\"<>]+", re.IGNORECASE), rf"\1\2{MASK}"),
        # elements of launchSecurity, whole or cut at either end of the line
        (re.compile(r"(<(?:dhCert|session)>)[^<]*", re.IGNORECASE), rf"\1{MASK}"),
        (re.compile(r"^[A-Za-z0-9+/=\s]+(</(?:dhCert|session)>)", re.IGNORECASE), rf"{MASK}\1"),
        # QEMU: -object secret,id=..,data=..   and  "qom-type":"secret","data":".."
        (re.compile(r"(\bdata=)[A-Za-z0-9+/=_-]{8,}"), rf"\1{MASK}"),
        (re.compile(r'("data"\s{0,3}:\s{0,3})"[^"]*"'), rf'\1"{MASK}"'),
        (re.compile(r"(-fw_cfg [^\s]*,string=)[^\s]+"), rf"\1{MASK}"),
        # user:password@ in a URL
        (re.compile(r"(://[^\s/:@]{1,256}:)[^\s/@]{1,256}@"), rf"\1{MASK}@"),
        (re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----).*", re.DOTALL), rf"\1{MASK}"),
    )


def mask(text: str) -> str:
    """The text with the values of known secrets replaced."""
    if not _HINT.search(text):
        return text
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement, text)
    return text


def printable(text: str) -> str:
    """One line that no terminal acts on: control, direction and invisible characters become visible escapes."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_escape, text.replace("\t", " "))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

"""Numbers as strangers write them: never a ValueError, whatever the digits."""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"\s*([0-9]{1,18})\s*\Z")
_NUMBER = re.compile(r"\s*(?:0[xX](?P<hex>[0-9a-fA-F]{1,16})|(?P<decimal>[0-9]{1,18}))\s*\Z")


def number(text: str) -> int | None:
    """A decimal (also with leading zeros) or `0x` number of at most 64 bits; None for anything else."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    return int(found.group("hex"), 16) if found.group("hex") else int(found.group("decimal"))


def decimal(text: str | None) -> int | None:
    """A decimal number, as libvirt reads most of them; None for anything else."""
    found = _DECIMAL.match(text or "")
    return int(found.group(1)) if found else None

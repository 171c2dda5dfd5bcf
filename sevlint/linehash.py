"""`primaryLocationLineHash`, as GitHub's uploader computes it for results that have none (linter-conventions 6.6)."""

from __future__ import annotations

import sys
from functools import lru_cache

LIMIT = 1024 * 1024
"""Bytes of a file whose lines are hashed: half a second."""

_BLOCK = 100
_BASE = 37
_END = 0xFFFF
_BLANKS = str.maketrans("", "", " \t")


def line_hash(data: bytes, line: int) -> str:
    """The hash of a line (1-based) and its number among equal ones; "" for a line that is not there."""
    if len(data) > LIMIT:
        return ""
    hashes = _hashes(data)
    return hashes[line - 1] if line <= len(hashes) else ""


@lru_cache(maxsize=16)
def _hashes(data: bytes) -> tuple[str, ...]:
    """Each line's hash is over the 100 UTF-16 code units from its start on, blanks left out, past the line's end."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").translate(_BLANKS)
    units = [*memoryview(text.encode(f"utf-16-{sys.byteorder[0]}e")).cast("H"), _END]
    starts = [0, *(at for at, unit in enumerate(units, 1) if unit == ord("\n"))]
    units += [0] * _BLOCK
    seen: dict[int, int] = {}
    made = []
    for start in starts:
        value = 0
        for unit in units[start : start + _BLOCK]:
            value = value * _BASE + unit
        value &= 0xFFFF_FFFF_FFFF_FFFF
        seen[value] = seen.get(value, 0) + 1
        made.append(f"{value:x}:{seen[value]}")
    return tuple(made)

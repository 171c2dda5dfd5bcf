"""What became of a file, as `git apply` and `patch -p1` read it: byte for byte, whatever the encoding.

The two files are alike but for a few places, so lines are matched by the nearest that go on alike: linear in the file,
which a general diff is not.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from sevlint import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT = 3
_ALIKE = 3
"""So many equal lines are where two files go on alike."""
_REACH = 256
"""Lines, old and new together, that are looked through for that."""
_PLAIN = re.compile(rb"[^\x00-\x1f\"\\\x7f]*")


class _Block(Struct, frozen=True):
    """Lines of the old file, from `start` to `end`, and those of the new one that stand in their place."""

    start: int
    end: int
    new_start: int
    new_end: int


def unified(name: str, before: bytes, after: bytes) -> bytes | None:
    """The diff of a file, `name` as git has it; with less context where more would show a secret.

    None where the changed lines themselves, or those beside them, hold one: a masked diff could not be applied.
    """
    old, new = _lines(before), _lines(after)
    blocks = list(_blocks(old, new))
    secret, new_secret = _Secrets(before, old), _Secrets(after, new)
    for context in range(_CONTEXT, 0, -1):
        hunks = list(_hunks(blocks, context, len(old)))
        if not any(
            secret.between(one.start, one.end) or new_secret.between(one.new_start, one.new_end) for one, _ in hunks
        ):
            made = [_named(b"---", b"a/", name), _named(b"+++", b"b/", name)]
            return b"".join((*made, *(_written(whole, inner, old, new) for whole, inner in hunks)))
    return None


def _lines(data: bytes) -> list[bytes]:
    """As diffs count them: whatever ends with a line feed, and a rest without."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _blocks(old: list[bytes], new: list[bytes]) -> Iterator[_Block]:
    at = new_at = 0
    while at < len(old) or new_at < len(new):
        if at < len(old) and new_at < len(new) and old[at] == new[new_at]:
            at, new_at = at + 1, new_at + 1
            continue
        gone, came = _next_alike(old, at, new, new_at)
        yield from _smallest(old, new, _Block(at, at + gone, new_at, new_at + came))
        at, new_at = at + gone, new_at + came


def _smallest(old: list[bytes], new: list[bytes], block: _Block) -> Iterator[_Block]:
    """Without the lines in it that are the same, where it is short."""
    if block.end - block.start + block.new_end - block.new_start > _REACH:
        yield block
        return
    matcher = SequenceMatcher(None, old[block.start : block.end], new[block.new_start : block.new_end], autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what != "equal":
            yield _Block(block.start + start, block.start + end, block.new_start + new_start, block.new_start + new_end)


def _next_alike(old: list[bytes], at: int, new: list[bytes], new_at: int) -> tuple[int, int]:
    """How many lines were replaced by how many; all that is left where nothing alike is near."""
    for count in range(1, _REACH):
        for gone in range(max(0, count - (len(new) - new_at)), min(count, len(old) - at) + 1):
            came = count - gone
            if old[at + gone : at + gone + _ALIKE] == new[new_at + came : new_at + came + _ALIKE]:
                return gone, came
    return len(old) - at, len(new) - new_at


def _hunks(blocks: list[_Block], context: int, length: int) -> Iterator[tuple[_Block, list[_Block]]]:
    """Blocks that are near each other, with the lines around them."""
    group: list[_Block] = []
    for one in blocks:
        if group and one.start - group[-1].end > 2 * context:
            yield _around(group, context, length), group
            group = []
        group.append(one)
    if group:
        yield _around(group, context, length), group


def _around(group: list[_Block], context: int, length: int) -> _Block:
    first, last = group[0], group[-1]
    lead, trail = min(context, first.start), min(context, length - last.end)
    return _Block(first.start - lead, last.end + trail, first.new_start - lead, last.new_end + trail)


def _written(whole: _Block, inner: list[_Block], old: list[bytes], new: list[bytes]) -> bytes:
    old_range, new_range = _range(whole.start, whole.end), _range(whole.new_start, whole.new_end)
    parts = [b"@@ -%s +%s @@\n" % (old_range, new_range)]
    at = whole.start
    for one in inner:
        parts += (_line(b" ", line) for line in old[at : one.start])
        parts += (_line(b"-", line) for line in old[one.start : one.end])
        parts += (_line(b"+", line) for line in new[one.new_start : one.new_end])
        at = one.end
    return b"".join((*parts, *(_line(b" ", line) for line in old[at : whole.end])))


def _range(start: int, end: int) -> bytes:
    """ "first,count": the line before where there are none."""
    return b"%d,%d" % (start + 1 if end > start else start, end - start)


def _line(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _named(mark: bytes, side: bytes, name: str) -> bytes:
    """The name as git writes it: quoted where it holds what is no plain character, with a tab behind blanks."""
    path = side + os.fsencode(name)
    if not _PLAIN.fullmatch(path):
        path = b'"%s"' % b"".join(_quoted(one) for one in path)
    return b"%s %s%s\n" % (mark, path, b"\t" if b" " in path and not path.startswith(b'"') else b"")


def _quoted(byte: int) -> bytes:
    if byte in b'"\\':
        return b"\\%c" % byte
    return b"%c" % byte if 0x20 <= byte < 0x7F else b"\\%03o" % byte


class _Secrets:
    """In which lines of a file secrets stand. What only names one (`<secret uuid=...>`) may be shown."""

    def __init__(self, data: bytes, lines: list[bytes]) -> None:
        self._lines = lines
        text = data.decode("latin-1")  # a character for each byte: secrets are known by words of ASCII
        if b"\0" in data:  # UTF-16, whose lines are none to a diff
            text = text.replace("\0", "")
            self._blocks: clean.Ranges = ((0, len(data)),) if clean.secrets(text, references=False) else ()
        else:
            self._blocks = clean.blocks(text)
        self._starts = list(accumulate((len(line) for line in lines), initial=0)) if self._blocks else []

    def between(self, start: int, end: int) -> bool:
        """Whether lines from `start` to `end` show any of one."""
        if start >= end:
            return False
        for first, last in self._blocks:
            begin = bisect_right(self._starts, first) - 1
            if begin < end and bisect_right(self._starts, last - 1) - 1 >= start:
                return True
        return any(clean.secrets(line.decode("latin-1"), references=False) for line in self._lines[start:end])

"""Tar archives as a stream: read once, front to back, in bounded memory, nothing on disk.

A thread unpacks blocks (xz, gzip, bzip2 or none, told by magic bytes) into a short queue; `Walk` reads the headers:
V7, ustar, PAX and GNU. The standard library's tarfile is not used: as a stream it is quadratic in the number of
members, and it believes the sizes that headers claim (snapshots 6). Here no size is believed: it only says how much
to pass over, and what is not there ends the walk with `Walk.damage`. Nothing that a file holds makes a walk raise.
"""

from __future__ import annotations

import bz2
import lzma
import re
import threading
import zlib
from collections import deque
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from sevlint.sources.recognise import Readable

BLOCK = 256 * 1024
"""Bytes unpacked at a time."""
QUEUE = 16
"""Blocks that may wait for the reader."""
HEADER_LIMIT = 64 * 1024
"""Bytes of a long-name or PAX header; a larger one is passed over, and the member it describes is refused."""
NAME_LIMIT = 4096
"""Bytes of a member's name."""
DICTIONARY_LIMIT = 256 * 1024 * 1024
"""Bytes of memory that an xz stream may ask for; `xz -9` asks for 65 MiB."""
EXTENDED_LIMIT = 64 * 1024 * 1024
"""Bytes of PAX headers that are worth reading, in all; those that tell times only are passed over."""
RECORDS = 1000
"""Records of one PAX header; those of a member have about ten."""
TRAILER_LIMIT = 16 * 1024 * 1024
"""Bytes read behind the end of the tar archive, to learn whether the checksum of the compressed data holds."""

_RAW = 64 * 1024
_ZEROS = bytes(512)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_BODYLESS = {b"1": "hardlink", b"2": "link", b"3": "other", b"4": "other", b"5": "directory", b"6": "other"}
_PAX_OWNER = re.compile(rb" (?:uname|gname)=")
_PAX_KEYS = re.compile(rb" (?:path|linkpath|size|uname|gname|GNU\.sparse\.[a-z]+)=")
_PGP_STARTS = (
    re.compile(rb"-----BEGIN PGP MESSAGE"),
    re.compile(rb"(?:\x84.|\x85..|\xc1.|\xc1[\xc0-\xdf].)\x03", re.DOTALL),  # encrypted to a key
    re.compile(rb"(?:\x8c|\xc3)[\x04-\x40][\x04-\x06][\x01-\x0d][\x00-\x03]"),  # encrypted with a passphrase
)


class Limits(Struct, frozen=True):
    """Where a walk stops (snapshots 6). The ratio counts only after `ratio_after` bytes: sysfs packs 1:1000."""

    max_bytes: int = 16 * 1024**3
    max_members: int = 2_000_000
    ratio: int = 1000
    ratio_after: int = 100_000_000


class Entry(Struct, frozen=True):
    """One member. `path` is relative, without "./"; `kind`: "file", "link", "hardlink", "directory", "other".

    "other" is a device, a FIFO or a sparse file: its body is never read. `size` is what the header claims, in bytes.
    `mode` holds the permission bits, None if the header has no number there. `owner` is "user:group", names or else
    digits. `target` is a link's as stored, and for a hardlink the path of an earlier member.
    """

    path: str
    kind: str
    size: int
    mode: int | None
    owner: str
    target: str = ""


def looks_like_archive(head: bytes) -> str | None:
    """What the first 512 bytes of a file say: "tar", "gz", "xz", "bz2", "zstd", "zip", "gpg", or None."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith(b"BZh") and head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    if head.startswith(b"\x28\xb5\x2f\xfd") or re.match(rb"[\x50-\x5f]\x2a\x4d\x18", head):
        return "zstd"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar" or (len(head) >= 512 and _checksum_holds(head[:512])):
        return "tar"
    return "gpg" if any(start.match(head) for start in _PGP_STARTS) else None


class Body:
    """The content of the member at hand; it is gone once the walk goes on to the next one."""

    __slots__ = ("_feed", "_left", "cut", "over")

    def __init__(self, feed: _Feed, left: int) -> None:
        self._feed = feed
        self._left = left
        self.cut = False
        """The archive ended before the content did."""
        self.over = False
        """`read` left a part unread: the content is larger than its limit."""

    def chunks(self, size: int = BLOCK) -> Iterator[bytes]:
        """The content in pieces of at most `size` bytes; sets `cut` where it ends early."""
        while self._left > 0:
            chunk = self._feed.some(min(size, self._left))
            if not chunk:
                self.cut = True
                return
            self._left -= len(chunk)
            yield chunk

    def read(self, limit: int) -> bytes:
        """At most `limit` bytes; sets `over` where there is more, `cut` where it ends early."""
        parts = []
        while self._left > 0 and limit > 0:
            part = self._feed.some(min(limit, self._left))
            if not part:
                self.cut = True
                break
            self._left -= len(part)
            limit -= len(part)
            parts.append(part)
        self.over = self._left > 0 and not self.cut
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def leave(self) -> int:
        """Ends this body: it yields nothing more. How many bytes were not read."""
        left, self._left = self._left, 0
        return left


class Walk:
    """One pass over the members of a tar archive, compressed or not.

        with Walk(stream) as walk:
            for entry, body in walk: ...

    `damage` is None, or one line on what is wrong with the archive: cut off, corrupt, over a limit, no archive. It is
    final once the loop has ended; every member before the damage has been handed out. `on_refused` is told the names
    of members that could not be accepted, or not with their targets: "..", control characters, more than 4096 bytes.
    """

    def __init__(
        self,
        stream: Readable,
        *,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
        on_refused: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.damage: str | None = None
        self._on_refused = on_refused
        self._feed = _Feed(stream, limits)
        self._limits = limits
        self._owners: dict[bytes, str] = {}
        self._last = ""
        self._walked = False

    def __enter__(self) -> Walk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the thread. The stream is not closed."""
        self._feed.close()

    def peek(self, count: int) -> bytes:
        """The first unpacked bytes, fewer only where there are no more; before the walk."""
        return self._feed.peek(count)

    @property
    def form(self) -> str | None:
        """How it is compressed, as `looks_like_archive` says; after `peek`."""
        return self._feed.form

    def content(self) -> Iterator[bytes]:
        """The unpacked bytes of what is no tar archive but one compressed file, instead of a walk."""
        self._walked = True
        while chunk := self._feed.some(BLOCK):
            yield chunk
        feed = self._feed
        if feed.failure or feed.is_cut:
            self._hurt(feed.failure or f"cut off after {feed.total:,} unpacked bytes")

    def __iter__(self) -> Iterator[tuple[Entry, Body]]:
        """The members, in the order of the archive. Raises RuntimeError the second time: a stream is read once."""
        if self._walked:
            raise RuntimeError("an archive is walked once")
        self._walked = True
        self._feed.start()
        try:
            yield from self._members()
        finally:
            self.close()

    def _members(self) -> Iterator[tuple[Entry, Body]]:
        feed = self._feed
        extended = _Extended({}, EXTENDED_LIMIT)
        headers = 0
        after_zeros = False
        while True:
            header = feed.take(512)
            if len(header) < 512:
                if feed.has_trailer and not feed.failure:
                    feed.failure = f"something other than {feed.form} data after {feed.total} unpacked bytes"
                self._ended(bool(header.strip(b"\0")) or not extended.is_empty, headers, after_zeros or bool(header))
                return
            if header == _ZEROS:
                if after_zeros:
                    feed.skip(TRAILER_LIMIT)
                    self._ended(False, headers, True)
                    return
                after_zeros = True
                continue
            after_zeros = False
            if not _checksum_holds(header):
                is_tar = headers or feed.form == "tar"
                self._hurt(f"corrupt header {self._where()}" if is_tar else self._no_archive())
                return
            headers += 1
            if headers > self._limits.max_members:
                self._hurt(f"more than {self._limits.max_members:,} members: the rest was not read")
                return
            kind = header[156:157]
            size = 0 if kind in _BODYLESS else _number(header[124:136])
            if size is None:
                self._hurt(f"impossible size in the header {self._where()}")
                return
            if kind in b"xXgLK":
                raw = feed.take(size) if size <= HEADER_LIMIT else b""
                missing = feed.skip(size - len(raw) + -size % 512)
                if missing > -size % 512:
                    self._cut_off(self._where())
                    return
                if size > HEADER_LIMIT:
                    extended.is_refused = kind != b"g"
                    self._hurt(f"a header larger than 64 KiB was passed over {self._where()}")
                elif not extended.add(kind, raw):
                    self._hurt(f"malformed PAX header {self._where()}")
                if extended.budget < 0:
                    self._hurt(f"more than 64 MiB of PAX headers: the rest was not read {self._where()}")
                    return
                continue

            entry, length = self._entry(header, kind, size, extended)
            extended = _Extended(extended.common, extended.budget)
            where = f"inside {entry.path}" if entry else f"inside a member {self._where()}"
            if kind == b"S" and not self._pass_sparse_map(header):
                self._cut_off(where)
                return
            body = Body(feed, length)
            if entry and entry.path:
                self._last = entry.path
                if entry.kind == "file":
                    yield entry, body
                else:
                    yield entry, Body(feed, 0)
            padding = -length % 512
            missing = feed.skip(body.leave() + padding)
            if missing > padding:
                self._cut_off(where)
                return
            if missing:
                self._cut_off(self._where())
                return

    def _entry(self, header: bytes, kind: bytes, size: int, extended: _Extended) -> tuple[Entry | None, int]:
        """The member (None if it is refused or of a vendor's type) and how many bytes of content follow."""
        found = extended.found
        raw = found.get(b"path")
        if raw is None:
            raw = header[:100].partition(b"\0")[0]
            if header[257:263] == b"ustar\0" and header[345]:  # GNU keeps times there
                raw = header[345:500].partition(b"\0")[0] + b"/" + raw
        if b"size" in found and kind not in _BODYLESS:
            size = int(found[b"size"])
        what = _BODYLESS.get(kind, "")
        if not what:
            if kind in b"\x007" or kind == b"0":
                what = "directory" if kind == b"\0" and raw.endswith(b"/") else "file"
            elif kind != b"S":
                return None, size
            if kind == b"S" or extended.is_sparse:
                what = "other"
        path = None if extended.is_refused else _clean(raw)
        name = raw
        target: str | None = ""
        if what in ("link", "hardlink"):
            raw = found.get(b"linkpath")
            if raw is None:
                raw = header[157:257].partition(b"\0")[0]
            if len(raw) > NAME_LIMIT:
                target = None
            else:
                target = raw.decode("utf-8", "replace") if what == "link" else _clean(raw)
        if path is None or target is None:
            self._on_refused(name[:NAME_LIMIT].decode("utf-8", "replace"))
            return None, size
        mode = _number(header[100:108])
        if mode is not None:
            mode &= 0o7777
        shown = size if what in ("file", "other") else 0
        return Entry(path, what, shown, mode, self._owner(header, found), target), size

    def _owner(self, header: bytes, found: dict[bytes, bytes]) -> str:
        key = header[108:124] + header[265:329]
        owner = self._owners.get(key) if b"uname" not in found and b"gname" not in found else None
        if owner is None:
            names = (
                _word(found.get(b"uname", header[265:297]), header[108:116]),
                _word(found.get(b"gname", header[297:329]), header[116:124]),
            )
            owner = ":".join(names)
            if b"uname" not in found and b"gname" not in found:
                if len(self._owners) >= 1000:
                    self._owners.clear()
                self._owners[key] = owner
        return owner

    def _pass_sparse_map(self, header: bytes) -> bool:
        """Old GNU sparse files have more blocks of map before the content. False if the archive ends there."""
        goes_on = header[482]
        while goes_on:
            block = self._feed.take(512)
            if len(block) < 512:
                return False
            goes_on = block[504]
        return True

    def _where(self) -> str:
        return f"after {self._last}" if self._last else "at the start"

    def _hurt(self, damage: str) -> None:
        if self.damage is None:
            self.damage = damage

    def _cut_off(self, where: str) -> None:
        failure = self._feed.failure
        if failure:
            self._hurt(f"{failure}, {where}" if self._last else failure)
        else:
            self._hurt(f"cut off {where}")

    def _ended(self, in_header: bool, headers: int, has_mark: bool) -> None:
        """The data ended where a header could begin, or inside one: was that all?"""
        feed = self._feed
        if feed.failure or feed.is_cut or (in_header and headers):
            self._cut_off(self._where())
        elif in_header or not feed.total:
            self._hurt(self._no_archive())
        elif not has_mark:
            self._hurt(f"ends without an end mark {self._where()}: it may be cut off there")

    def _no_archive(self) -> str:
        if self._feed.form in ("gz", "xz", "bz2"):
            return f"{self._feed.form} data, but no tar archive inside and nothing else that sevlint knows"
        return "no tar archive"


class _Extended:
    """What PAX and GNU headers say of the member that follows."""

    __slots__ = ("budget", "common", "found", "is_empty", "is_refused", "is_sparse")

    def __init__(self, common: dict[bytes, bytes], budget: int) -> None:
        self.budget = budget
        """Bytes of headers that may still be read, in this archive."""
        self.common = common
        """Of the global header only the owner is taken: no member shares a name or a size with all others."""
        self.found = self.common.copy()
        self.is_empty = True
        self.is_sparse = False
        self.is_refused = False

    def add(self, kind: bytes, raw: bytes) -> bool:
        """False if it is malformed; what could be read counts."""
        if kind == b"L":
            self.found[b"path"] = raw.rstrip(b"\0")
        elif kind == b"K":
            self.found[b"linkpath"] = raw.rstrip(b"\0")
        elif kind == b"g":
            if not _PAX_OWNER.search(raw):
                return True
            self.budget -= len(raw)
            records: dict[bytes, bytes] = {}
            is_whole = _pax_records(raw, records)
            self.common = self.common | {key: records[key] for key in (b"uname", b"gname") if key in records}
            self.found = self.common | self.found
            return is_whole
        else:
            self.is_empty = False
            if not _PAX_KEYS.search(raw):  # times only, as in most members: not worth reading
                return True
            self.budget -= len(raw)
            is_whole = _pax_records(raw, self.found)
            size = self.found.get(b"size")
            if size is not None and not (size.isdigit() and len(size) <= 20):
                del self.found[b"size"]
                is_whole = False
            self.is_sparse = any(key.startswith(b"GNU.sparse.") for key in self.found)
            if b"GNU.sparse.name" in self.found:
                self.found[b"path"] = self.found[b"GNU.sparse.name"]
            return is_whole
        self.is_empty = False
        return True


def _pax_records(raw: bytes, into: dict[bytes, bytes]) -> bool:
    """Reads "LENGTH KEY=VALUE\\n" records; False where they end before the header does, or are more than `RECORDS`."""
    at = 0
    for _ in range(RECORDS):
        if at >= len(raw):
            return True
        blank = raw.find(b" ", at, at + 8)
        digits = raw[at:blank] if blank > at else b""
        end = at + int(digits) if digits.isdigit() else 0
        if end <= blank + 1 or end > len(raw) or raw[end - 1] != 0x0A:
            return not raw[at:].strip(b"\0")
        key, _, value = raw[blank + 1 : end - 1].partition(b"=")
        into[key] = value
        at = end
    return at >= len(raw)


def _number(field: bytes) -> int | None:
    """Octal digits, or GNU's base-256 with a first byte of 0x80; None for anything else and below zero."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    if not digits:
        return 0
    try:
        return int(digits, 8) if digits.isdigit() else None
    except ValueError:  # an 8 or a 9
        return None


def _checksum_holds(header: bytes) -> bool:
    """Whether the header's bytes add up to what it says, its checksum field counted as blanks.

    adler32 holds the sum plus one in its low half, modulo 65521: ten times as fast as adding up in Python.
    """
    field = header[148:156]
    stored = _number(field)
    if stored is None:
        return False
    if ((zlib.adler32(header) & 0xFFFF) - 1 - sum(field) + 256 - stored) % 65521 == 0 and header != _ZEROS:
        return True
    # some old tars added signed bytes
    return sum(byte - 256 if byte > 127 else byte for byte in header[:148] + b" " * 8 + header[156:]) == stored


def _clean(raw: bytes) -> str | None:
    """A member's path: relative, "" for the top itself, None if it must not be used (snapshots 6)."""
    if len(raw) > NAME_LIMIT:
        return None
    path = raw.decode("utf-8", "replace")
    if not (path.isascii() and path.isprintable()) and _CONTROL.search(path):
        return None
    if _DRIVE.match(path):
        return None
    if path[:1] not in (".", "/") and "//" not in path and "/." not in path:
        return path.rstrip("/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def _word(name: bytes, number: bytes) -> str:
    """A user's or group's name, or its number where there is no name that could be shown."""
    word = name.partition(b"\0")[0].decode("utf-8", "replace")
    if word and word.isprintable() and len(word) <= 256:
        return word
    value = _number(number)
    return "" if value is None else str(value)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Gzip:
    """zlib with the manners of lzma and bz2: keeps the input that it has not used yet."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = BLOCK, /) -> bytes:
        out = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = len(out) < max_length and not self._zlib.unconsumed_tail
        return out


def _decompressor(form: str) -> _Decompressor:
    if form == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=DICTIONARY_LIMIT)
    return bz2.BZ2Decompressor() if form == "bz2" else _Gzip()


class _Feed:
    """Unpacked bytes, from a thread that stays at most a few MiB ahead.

    Thread's side: `_run` and what it calls. Reader's side: `take`, `some`, `skip`, `close`. `form`, `failure`,
    `is_cut`, `has_trailer` and `total` may be read once a read came back short.
    """

    def __init__(self, stream: Readable, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._wake = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._done = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sevlint-archive", daemon=True)
        self._block = b""
        self._at = 0
        self.form: str | None = None
        self.failure = ""
        """Why it ended before its time; "" if it did not, or was only cut off."""
        self.is_cut = False
        """The compressed data ends before its end mark."""
        self.has_trailer = False
        """Something else follows the compressed data; of no matter behind the end of the tar archive."""
        self.total = 0
        """Bytes unpacked."""

    def start(self) -> None:
        if not self._closed and self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._queue.clear()
            self._block = b""
            self._at = 0
            self._wake.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=2)  # a read from a stalled pipe may take for ever: the thread is a daemon

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end; they are read again."""
        self.start()
        piece = self.take(count)
        self._block = piece + self._block[self._at :]
        self._at = 0
        return piece

    def some(self, count: int) -> bytes:
        """Between 1 and `count` bytes; b"" only at the end."""
        if self._at >= len(self._block) and not self._next():
            return b""
        piece = self._block[self._at : self._at + count]
        self._at += len(piece)
        return piece

    def take(self, count: int) -> bytes:
        """`count` bytes, fewer only at the end."""
        end = self._at + count
        if end <= len(self._block):
            piece = self._block[self._at : end]
            self._at = end
            return piece
        parts = []
        while count > 0 and (part := self.some(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Passes over `count` bytes; how many of them were not there."""
        while True:
            here = min(count, len(self._block) - self._at)
            self._at += here
            count -= here
            if not count or not self._next():
                return count

    def _next(self) -> bool:
        with self._wake:
            while not self._queue and not self._done and not self._closed:
                self._wake.wait()
            self._block = self._queue.popleft() if self._queue else b""
            self._at = 0
            self._wake.notify_all()
        return bool(self._block)

    def _run(self) -> None:
        try:
            self._unpack()
        except (lzma.LZMAError, zlib.error) as error:
            self._corrupt(error)
        except Exception as error:  # whatever happens here, the reader must not take it for the end of the archive
            self.failure = f"could not be read any further ({getattr(error, 'strerror', None) or type(error).__name__})"
        finally:
            with self._wake:
                self._done = True
                self._wake.notify_all()

    def _corrupt(self, error: Exception) -> None:
        if isinstance(error, lzma.LZMAError) and "memory" in str(error).lower():
            self.failure = "xz data that takes more than 256 MiB of memory to unpack"
        else:
            self.failure = f"corrupt {self.form} data after {self.total} unpacked bytes"

    def _put(self, block: bytes) -> bool:
        """False if the thread should end: nobody reads any more."""
        self.total += len(block)
        with self._wake:
            while len(self._queue) >= QUEUE and not self._closed:
                self._wake.wait()
            self._queue.append(block)
            self._wake.notify_all()
            return not self._closed

    def _unpack(self) -> None:
        head = b""
        while len(head) < 512 and (more := self._stream.read(512 - len(head))):
            head += more
        self.form = looks_like_archive(head)
        if self.form in ("gz", "xz", "bz2"):
            self._unpack_streams(self.form, head)
        elif self.form in ("tar", None):
            block = head
            while block and self._put(block):
                if self.total > self._limits.max_bytes:
                    self.failure = self._too_large()
                    return
                block = self._stream.read(BLOCK)
        else:
            self.failure = f"{self.form} data, which is not unpacked"

    def _unpack_streams(self, form: str, data: bytes) -> None:
        taken = len(data)
        while True:
            unpacker = _decompressor(form)
            while not unpacker.eof:
                if unpacker.needs_input and not data:
                    data = self._stream.read(_RAW)
                    taken += len(data)
                    if not data:
                        self.is_cut = True
                        return
                # An error costs what the call had unpacked so far: at most a sixteenth of all.
                step = min(BLOCK, max(4096, self.total // 16))
                try:
                    block = unpacker.decompress(data, step)
                except OSError as error:  # bz2 says so
                    self._corrupt(error)
                    return
                data = b""
                if (block and not self._put(block)) or self._closed:
                    return
                if self.total > self._limits.max_bytes:
                    self.failure = self._too_large()
                    return
                if self.total > self._limits.ratio_after and self.total > taken * self._limits.ratio:
                    self.failure = f"unpacks to more than {self._limits.ratio:,} times its size: not read any further"
                    return
            # Another stream may follow (pigz, pxz, cat), after zeros up to a multiple of some block.
            data = unpacker.unused_data.lstrip(b"\0")
            while len(data) < 10 and (more := self._stream.read(_RAW)):
                taken += len(more)
                data = (data + more).lstrip(b"\0")
                if self._closed:
                    return
            if not data:
                return
            if looks_like_archive(data) != form:
                self.has_trailer = True
                return

    def _too_large(self) -> str:
        return f"unpacks to more than {self._limits.max_bytes:,} bytes: not read any further"

"""What a bare file is, by its content (snapshots 4.5): names given by people say nothing.

Only signatures that no other kind shows; whatever is unsure is no evidence.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Protocol

HEAD = 64 * 1024
"""Bytes looked at."""

LONG_HEAD = 16 * 1024 * 1024
"""Bytes looked at where a file that begins like XML shows no element in the first of them."""

_QUICK = 4096
"""Bytes that show the first element of nearly all XML: a walk passes thousands of files that are no domain."""
_XML_START = re.compile(rb"<[A-Za-z_:?!\x80-\xff]")
_XML_PART = re.compile(rb"\s*(?:(<!--|<\?|<!DOCTYPE)|<([A-Za-z_][\w:.-]*))")
_DOCTYPE_PART = re.compile(rb"<!--|<\?|[\"'\[\]>]")
_CLOSERS = {b"<!--": b"-->", b"<?": b"?>", b'"': b'"', b"'": b"'"}
_DOMAIN_START = re.compile(rb"<(?:domains?|domstatus|domainsnapshot)(?:[\s/>]|\Z)")
_PRIORITY = re.compile(rb"<\d{1,3}>")
"""The syslog priority before a line (`dmesg -r`, RFC 3164, RFC 5424)."""
DOMAIN_ROOTS = frozenset({"domain", "domains", "domstatus", "domainsnapshot"})
"""Root elements that hold a libvirt domain (libvirt-qemu 4.1)."""

_Table = tuple[tuple[str, re.Pattern[bytes]], ...]


class Readable(Protocol):
    """What a file is read through."""

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes, fewer only at the end."""


@cache
def _forms() -> tuple[_Table, re.Pattern[bytes], _Table, re.Pattern[bytes]]:
    """The signatures of text files: compiled on first use, as a commit hook that reads XML needs none of them."""
    months = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    days = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
    lines = (
        ("var/log/audit/audit.log", re.compile(rb"(?:node=\S{1,255} )?type=[A-Z0-9_]+ msg=audit\(\d+\.\d+:\d+\): ")),
        ("cmd/dmesg", re.compile(rb"(?:kern|user|daemon|syslog) *:\w+ *: \[ *\d+\.\d{6}\]")),
        ("cmd/dmesg", re.compile(rb"\[ *\d+\.\d{6}(?: <[ \d.]{1,24}>)?\](?:\[ *[TC]\d+\])? (?!\S+ kernel: )")),
        ("cmd/dmesg", re.compile(rb"\[(?:" + months + rb" ?[ \d]?\d \d\d:\d\d| *\+\d{1,9}\.\d{6})\] ")),
        (
            "cmd/dmesg",
            re.compile(rb"\[" + days + b" " + months + rb" [ \d]\d [\d:]{8} \d{4}\] "),
        ),
        ("cmd/dmesg", re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d ")),
        ("cmd/dmesg", re.compile(rb"\d+,\d+,\d+,[-c+][^;]{0,64};")),
        ("cmd/journal-boot", re.compile(rb"\[ *\d+\.\d{6}\] \S+ kernel: ")),
        ("cmd/journal-boot", re.compile(rb"-- (?:Logs begin|Journal begins) at |-- Boot [0-9a-f]{32} --")),
        ("cmd/journal-boot", re.compile(months + rb" [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ [\w.@/-]+(?:\[\d+\])?: ")),
        ("cmd/journal-boot", re.compile(days + rb" \d{4}-\d\d-\d\d [\d:]{8} \S{1,8} \S+ [\w.@/-]+(?:\[\d+\])?: ")),
        ("cmd/journal-boot", re.compile(rb"\d{9,11}\.\d{6} \S+ [\w.@/-]+(?:\[\d+\])?: ")),
        ("cmd/journal-boot", re.compile(rb"1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* \S+ \S+ \S+ \S+ ")),  # RFC 5424
        (
            "cmd/journal-boot",
            re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d) \S+ [\w.@/-]+(?:\[\d+\])?: "),
        ),
    )
    log = re.compile(
        rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: (?:starting up libvirt version|shutting down)", re.MULTILINE
    )
    content = (
        ("proc/cpuinfo", re.compile(rb"^processor\s*: 0$", re.MULTILINE)),
        ("proc/cpuinfo", re.compile(rb"\Aprocessor\s*: \d+$", re.MULTILINE)),
        ("proc/meminfo", re.compile(rb"\AMemTotal: +\d+ kB$", re.MULTILINE)),
        ("cmd/dpkg-l", re.compile(rb"\ADesired=Unknown/Install/Remove/Purge/Hold")),
        (
            "cmd/rpm-qa",
            re.compile(rb"\A[\w+.~^-]{1,200}-[\w+.~^:]{1,100}-[\w+.~^]{1,100}\.(?:x86_64|noarch|s390x|aarch64)\b"),
        ),
        (
            "cmd/dmesg",  # `dmesg -t`: nothing stands before the message
            re.compile(rb"\A(?:[^\n]{1,200}\n){0,3}Linux version \d+\.\d+[^\n]{0,512}\nCommand line: "),
        ),
        ("cmd/uname", re.compile(rb"\ALinux \S+ \d+\.\d+\S* #\d+")),
        ("cmd/dmidecode", re.compile(rb"\A# dmidecode \d")),
        ("cmd/ls-dev", re.compile(rb"^/dev/?:$", re.MULTILINE)),
        ("cmd/ls-sys-firmware", re.compile(rb"^/sys/firmware/?:$", re.MULTILINE)),
        ("sys/fs/cgroup/misc.capacity", re.compile(rb"\A(?:(?:sev|sev_es|tdx) \d+\n?){1,4}\Z")),
        ("etc/os-release", re.compile(rb"^(?:PRETTY_NAME|VERSION_ID)=", re.MULTILINE)),
        ("etc/default/grub", re.compile(rb"^GRUB_CMDLINE_LINUX", re.MULTILINE)),
    )
    cmdline = re.compile(rb"(?:BOOT_IMAGE=|initrd=|ro |root=)[^\n]*\n?\Z|[^\n]* root=[^\n]*\n?\Z")
    return lines, log, content, cmdline


def plain(head: bytes) -> bytes:
    """The head without encoding mark, carriage returns, NUL and colours."""
    if head.startswith(b"\xff\xfe"):
        head = head[2:].decode("utf-16-le", "ignore").encode()
    elif head.startswith(b"\xfe\xff"):
        head = head[2:].decode("utf-16-be", "ignore").encode()
    elif head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    if b"\x1b[" in head:
        head = re.sub(rb"\x1b\[[0-9;]{0,16}[A-Za-z]", b"", head)
    return head.replace(b"\r\n", b"\n").replace(b"\0", b"")


def read_head(file: Readable) -> bytes:
    """As much of a file's beginning as tells what it is: longer where XML begins with a long comment."""
    head = file.read(HEAD)
    if len(head) == HEAD and xml_root(head) == "" and not is_domain(head):
        head += file.read(LONG_HEAD - HEAD)
    return head


def is_archive(head: bytes) -> bool:
    """Whether this is an archive, or compressed."""
    if head[:1] == b"<" or not head:  # the common case of a commit hook; no archive begins so
        return False
    from sevlint.sources.archive import looks_like_archive

    return looks_like_archive(head[:512]) is not None


def xml_root(head: bytes) -> str | None:
    """The name of the first element if this is XML, "" if it shows none; None for other text."""
    for part in (head[:_QUICK], head):
        text = plain(part).lstrip()
        root = _root(text) if _XML_START.match(text) else None
        if root or len(part) == len(head):
            return root
    return None


def is_domain(head: bytes) -> bool:
    """Whether this is a libvirt domain, or XML without a readable first element that could be meant as one."""
    root = xml_root(head)
    return root in DOMAIN_ROOTS or (root == "" and _DOMAIN_START.search(plain(head)) is not None)


def _root(text: bytes) -> str:
    """The first element behind comments, instructions and a DOCTYPE, each passed over once: linear in the text."""
    at = 0
    has_doctype = False
    while found := _XML_PART.match(text, at):
        opening, name = found.groups()
        at = found.end()
        if name:
            return name.decode("ascii", "replace") if at < len(text) else ""
        if opening != b"<!DOCTYPE":
            at = _behind(text, _CLOSERS[opening], at)
        elif not has_doctype:
            has_doctype = True
            at = _doctype_end(text, at)
        else:
            break
        if at < 0:
            break
    return ""


def _behind(text: bytes, mark: bytes, at: int) -> int:
    found = text.find(mark, at)
    return -1 if found < 0 else found + len(mark)


def _doctype_end(text: bytes, at: int) -> int:
    """Behind the ">" outside of brackets, quotes, comments and instructions; -1 if there is none in 64 KiB."""
    depth = 0
    last = at + HEAD
    while found := _DOCTYPE_PART.search(text, at, last):
        part, at = found.group(), found.end()
        if part in _CLOSERS:
            at = _behind(text, _CLOSERS[part], at)
            if at < 0:
                return -1
        elif part == b">" and not depth:
            return at
        else:
            depth += (part == b"[") - (part == b"]")
    return -1


def recognise(head: bytes) -> str | None:
    """The canonical name of a file's evidence, "xml" for XML that is none, or None."""
    root = xml_root(head)
    if root is not None:
        if root in DOMAIN_ROOTS or (not root and is_domain(head)):
            return "domain.xml"
        return "cmd/virsh-domcapabilities" if root == "domainCapabilities" else "xml"
    head = plain(head)
    forms, qemu_log, contents, cmdline = _forms()
    if qemu_log.search(head):
        return "var/log/libvirt/qemu/{domain}.log"
    lines = [_PRIORITY.sub(b"", line, count=1) for line in head.split(b"\n")[:40] if line.strip()]
    for name, form in forms:
        if lines and sum(form.match(line) is not None for line in lines) * 2 > len(lines):
            return name
    for name, content in contents:
        if content.search(head):
            return name
    return "proc/cmdline" if len(head) <= 8192 and cmdline.match(head) else None

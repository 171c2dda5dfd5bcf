"""What a bare file is, by its content (snapshots 4.5): names given by people say nothing.

Only signatures that no other kind shows; whatever is unsure is no evidence.
"""

from __future__ import annotations

import re
from functools import cache

HEAD = 64 * 1024
"""Bytes looked at."""

_XML_MISC = re.compile(rb"\s*(?:<\?[^>]{0,512}\?>\s*|<!--(?:[^-]|-(?!->)){0,8192}-->\s*){0,16}<([A-Za-z_][\w:.-]*)")
_DOCTYPE = re.compile(rb"<!DOCTYPE\s+([A-Za-z_][\w:.-]*)")
DOMAIN_ROOTS = frozenset({"domain", "domstatus", "domainsnapshot"})
"""Root elements that hold a libvirt domain (libvirt-qemu 4.1)."""

_Table = tuple[tuple[str, re.Pattern[bytes]], ...]


@cache
def _forms() -> tuple[_Table, re.Pattern[bytes], _Table, re.Pattern[bytes]]:
    """The signatures of text files: compiled on first use, as a commit hook that reads XML needs none of them."""
    months = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    lines = (
        ("cmd/dmesg", re.compile(rb"(?:kern|user|daemon|syslog) *:\w+ *: \[ *\d+\.\d{6}\]")),
        ("cmd/dmesg", re.compile(rb"(?:<\d+>)?\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? (?!\S+ kernel: )")),
        (
            "cmd/dmesg",
            re.compile(rb"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " + months + rb" [ \d]\d [\d:]{8} \d{4}\] "),
        ),
        ("cmd/dmesg", re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d ")),
        ("cmd/dmesg", re.compile(rb"\d+,\d+,\d+,[-c+][^;]{0,64};")),
        ("cmd/journal-boot", re.compile(rb"\[ *\d+\.\d{6}\] \S+ kernel: ")),
        ("cmd/journal-boot", re.compile(rb"-- (?:Logs begin|Journal begins) at |-- Boot [0-9a-f]{32} --")),
        ("cmd/journal-boot", re.compile(months + rb" [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ [\w.@/-]+(?:\[\d+\])?: ")),
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


def xml_root(head: bytes) -> str | None:
    """The name of the first element if this is XML, "" if it only begins like it; None for other text."""
    head = plain(head).lstrip()
    if not head.startswith(b"<"):
        return None
    found = _XML_MISC.match(head) or _DOCTYPE.search(head[:4096])
    return found.group(1).decode("ascii", "replace") if found else ""


def recognise(head: bytes) -> str | None:
    """The canonical name of a file's evidence, "xml" for XML that is none, or None."""
    root = xml_root(head)
    if root is not None:
        if root in DOMAIN_ROOTS:
            return "domain.xml"
        return "cmd/virsh-domcapabilities" if root == "domainCapabilities" else "xml"
    head = plain(head)
    forms, qemu_log, contents, cmdline = _forms()
    if qemu_log.search(head):
        return "var/log/libvirt/qemu/{domain}.log"
    lines = [line for line in head.split(b"\n")[:40] if line.strip()]
    for name, form in forms:
        if lines and sum(form.match(line) is not None for line in lines) * 2 > len(lines):
            return name
    for name, content in contents:
        if content.search(head):
            return name
    return "proc/cmdline" if len(head) <= 8192 and cmdline.match(head) else None

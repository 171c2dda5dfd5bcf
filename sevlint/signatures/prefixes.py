"""What collectors put before a message, and the message behind it (snapshots 5.1; libvirt-qemu 5.1)."""

from __future__ import annotations

import re

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_FACILITIES = "kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7]"
_LEVELS = "emerg|alert|crit|err|warn|notice|info|debug"
_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)"
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"

_LEVEL = re.compile(
    rf"<\d{{1,3}}>|(?:{_FACILITIES}) *:(?:{_LEVELS}) *: |\d{{1,3}},\d{{1,20}},(?P<usec>\d{{1,18}}),[-c+][^;]{{0,64}};"
)
_RFC5424 = re.compile(
    rf"1 {_ISO}(?:\.\d{{1,9}})?{_OFFSET} \S+ (?P<app>\S+) \S+ \S+ (?:-|(?:\[[^\]]{{0,512}}\]){{1,16}}) ?\ufeff?"
)
_SYSLOG = re.compile(
    rf"(?:(?:{_MONTHS}) [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{1,9}})?"
    rf"|{_ISO}(?:\.\d{{1,9}})?{_OFFSET}"
    rf"|(?:{_DAYS}) \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{{1,9}})? \S{{1,8}}"
    r"|\d{9,11}\.\d{6}) "
)
_DMESG_ISO = re.compile(rf"{_ISO},\d{{1,9}}{_OFFSET} ")
"""`dmesg --time-format iso` alone has a comma: no host and no program follow it."""
_KERNEL_SAYS = re.compile(r"(?:\S+ )??(?:kernel(?:\[\d{1,9}\])?: |(?=systemd-journald\[\d{1,9}\]: ))")
"""journald keeps its name: it tells of kernel messages that it missed, also in the kernel's own log."""
_STAMP = re.compile(r"\[ *(?P<sec>\d{1,12}\.\d{6})(?: <[ \d.]{1,24}>)?\](?: ?\[ *[TC]\d{1,9}\])? ?")
_WALL = re.compile(
    rf"\[(?:(?:{_DAYS}) (?:{_MONTHS}) [ \d]\d \d\d:\d\d:\d\d \d{{4}}"
    rf"|(?:{_MONTHS}) ?[ \d]?\d \d\d:\d\d| *\+\d{{1,9}}\.\d{{6}})\]"
    r"(?: ?\[ *[TC]\d{1,9}\])? "
)
_QEMU = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z )?"
    r"(?:(?:qemu-system-\w{1,32}|qemu-kvm|kvm): )?"
)
_NODE = re.compile(r"node=\S{1,255} ")
"""Before each line of auditd with `name_format`."""


def message(line: str) -> tuple[str | None, float | None]:
    """A kernel log line (without terminal escapes) from its message on, and its seconds since boot.

    None for a line of another program. The message is the line's end, unchanged: raw, -T, -x, -r, -d, -e and ISO
    dmesg, kmsg, syslog of RFC 3164 and 5424, the journal's short formats, and two stamps in a row.
    """
    stamp: float | None = None
    level = _LEVEL.match(line)
    at = level.end() if level else 0
    if level and level.group("usec"):
        stamp = int(level.group("usec")) / 1e6
    framed = _RFC5424.match(line, at)
    syslog = None if framed else _SYSLOG.match(line, at)
    if framed:
        if framed.group("app") != "kernel":
            return None, None
        at = framed.end()
    elif syslog:
        says = _KERNEL_SAYS.match(line, syslog.end())
        if says is None:
            return None, None
        at = says.end()
    elif iso := _DMESG_ISO.match(line, at):
        at = _behind(_KERNEL_SAYS, line, iso.end())
    clock = _STAMP.match(line, at)
    if clock is None:
        return line[_behind(_WALL, line, at) :], stamp
    at = clock.end()
    if not (framed or syslog):
        says = _KERNEL_SAYS.match(line, at)
        at = _behind(_STAMP, line, says.end()) if says else at
    return line[at:], float(clock.group("sec"))


def _behind(pattern: re.Pattern[str], line: str, at: int) -> int:
    found = pattern.match(line, at)
    return found.end() if found else at


def qemu_message(line: str) -> tuple[str, None]:
    """A line of a QEMU log without time and program name."""
    found = _QEMU.match(line)
    return (line[found.end() :] if found else line), None


def audit_message(line: str) -> tuple[str, None]:
    """A line of auditd's log without the name of its host."""
    return line[_behind(_NODE, line, 0) :], None

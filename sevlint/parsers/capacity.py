"""ASID limits from tools, and the misc controller's files of every cgroup that may hold VMs (amd-host 4.2, 7.1)."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.capacity import MiscFile, ToolAsids
from sevlint.model import Evidence, Place
from sevlint.numbers import number
from sevlint.parsers.base import Text, parser

_LEAF = re.compile(r"\s*0x8000001f 0x00: eax=0x[0-9a-f]{8} ebx=0x[0-9a-f]{8} ecx=(0x[0-9a-f]{8}) edx=(0x[0-9a-f]{8})")
_HIGHEST = re.compile(r"number of encrypted guests[^:]{0,80}:\s{0,8}([0-9]{1,9})\b", re.IGNORECASE)
_FIRST = re.compile(r"Minimum ASID value for SEV-enabled, SEV-ES disabled guest:\s{0,8}([0-9]{1,9})\b")


@parser(
    Evidence("cmd/cpuid", command="cpuid -r", many=True),
    Evidence("cmd/sevctl-ok", command="sevctl ok", root=True, many=True),
    Evidence("cmd/snphost-ok", command="snphost ok", root=True, many=True),
)
def tool_asids(text: Text) -> ToolAsids:
    """The leaf 8000001F of the first CPU, or the two lines that sevctl and snphost make of it."""
    highest = first = None
    place = text.start
    for line, content in text.numbered():
        leaf = _LEAF.match(content)
        if leaf is not None:
            return ToolAsids(number(leaf.group(1)), number(leaf.group(2)), text.place(line))
        for pattern in (_HIGHEST, _FIRST):
            found = pattern.search(content)
            if found is not None and pattern is _HIGHEST:
                highest = int(found.group(1))
            elif found is not None:
                first, place = int(found.group(1)), text.place(line)
    return ToolAsids(highest, first, place)


_ROOT = "sys/fs/cgroup/"
_DEPTHS = ("*/", "*/*/", "*/*/*/")
"""machine.slice, a VM's scope in it, libvirt's own in that; with cgroup v1 all of it below misc/."""


@parser(
    *(Evidence(f"{_ROOT}{depth}misc.{kind}", many=True) for kind in ("max", "events", "current") for depth in _DEPTHS),
    Evidence(f"{_ROOT}misc.current", command=f"cat /{_ROOT}misc.current", root=True, many=True),
    Evidence(f"{_ROOT}misc/misc.current", command=f"cat /{_ROOT}misc/misc.current", root=True, many=True),
)
def misc_file(text: Text) -> MiscFile:
    """`key value` lines; the value of misc.max may be `max`."""
    folder, _, name = text.path.rpartition("/")
    cgroup = folder.removeprefix(_ROOT.rstrip("/")).lstrip("/")
    if cgroup == "misc" or cgroup.startswith("misc/"):
        cgroup = cgroup[len("misc/") :]
    entries: list[tuple[str, int | None, Place]] = []
    for line, content in text.numbered():
        key, _, value = content.strip().partition(" ")
        if not key:
            continue
        if number(value) is None and value != "max":
            raise ParseError("is no file of the misc controller", text.place(line))
        entries.append((key, number(value), text.place(line)))
    place = text.start
    return MiscFile(name.removeprefix("misc."), cgroup, tuple(entries), place)

"""udev rules, tmpfiles.d lines and start scripts for /dev/sev, IOMMU groups, and PCI devices with a PSP."""

from __future__ import annotations

import fnmatch
import re

from sevlint.errors import ParseError
from sevlint.facts.amd import (
    IommuGroup,
    Psp,
    PspDevices,
    StartScript,
    TmpfilesFile,
    TmpfilesLine,
    UdevFile,
    UdevRule,
)
from sevlint.model import Completeness, Evidence
from sevlint.parsers.base import Text, parser

_KEY = re.compile(r'\b([A-Z]{1,16})(?:\{[^}]{0,256}\})?\s{0,16}(==|!=|:=|\+=|-=|=)\s{0,16}"((?:[^"\\]|\\.){0,2048})"')
"""Bounded: a line that never ends must not be read again from each of its letters."""

_CHANGES = re.compile(r"\b(chmod|chown|chgrp|setfacl)\s((?:[^;&|]){0,512})")
_CHMOD = re.compile(r"(?:-\S{1,32}\s{1,8}){0,4}([0-7]{1,4}|[ugoa]{0,4}[-+=][-+=,ugoarwxXst]{0,32})\s")
_DEVICE = re.compile(r"""[\s"'](/dev/[^\s"'%$]{1,64}|/dev/[%$][^\s"']{1,32}|[%$][^\s"']{1,32})""")
_OWN_NAME = ("%k", "%N", "%n", "$kernel", "$name", "$devnode", "$tempnode", "$env{DEVNAME}", "%E{DEVNAME}")


@parser(
    *(
        Evidence(f"{folder}/udev/rules.d/*.rules", command=f"grep -r sev /{folder}/udev/rules.d", many=True)
        for folder in ("etc", "run", "usr/lib", "lib")
    )
)
def udev_file(text: Text) -> UdevFile:
    """The rules that match `KERNEL=="sev"`, or run a command on /dev/sev; keys in any order, continued lines joined
    (amd-host 4.3).
    """
    rules = []
    joined = ""
    starts: list[tuple[int, int]] = []
    for line, content in text.numbered():
        starts.append((len(joined), line))
        if content.endswith("\\"):
            joined += content[:-1]
            continue
        joined += content
        if not joined.lstrip().startswith("#"):
            rule = _rule(joined, starts, text)
            rules += [rule] if rule is not None else []
        joined, starts = "", []
    return UdevFile(text.path, tuple(rules), text.start)


def _rule(joined: str, starts: list[tuple[int, int]], text: Text) -> UdevRule | None:
    """The rule, if it is about /dev/sev: a misc device of that kernel name, or a command on that path.

    `starts`: where each line of the file begins in it.
    """
    found = list(_KEY.finditer(joined))
    keys: list[tuple[str, str, str]] = [(one.group(1), one.group(2), one.group(3)) for one in found]
    asked = [(key, value.split("|")) for key, operator, value in keys if operator == "=="]
    names = [one for key, values in asked if key == "KERNEL" for one in values if one != "*"]
    subsystems = [values for key, values in asked if key == "SUBSYSTEM"]
    is_own = any(fnmatch.fnmatchcase("sev", one) for one in names) and all(
        any(fnmatch.fnmatchcase("misc", one) for one in values) for values in subsystems
    )
    programs = [
        (key, value) for key, operator, value in keys if key in ("RUN", "PROGRAM") and operator not in ("!=", "-=")
    ]
    changes = [found for _, value in programs for found in _CHANGES.findall(value)]
    mine = [(tool, words) for tool, words in changes if _names_sev(words, is_own=is_own)]
    if not is_own and not mine:
        return None
    given = {key: (operator, value) for key, operator, value in keys if operator in ("=", ":=")} if is_own else {}
    mode, owner, group = (given.get(key, ("", ""))[1] for key in ("MODE", "OWNER", "GROUP"))
    modes = [mode for tool, words in mine if (mode := _chmod(tool, words))]
    at = [one.start(3) for one in found if one.group(1) == "MODE" and one.group(2) in ("=", ":=")]
    lines = [line for start, line in starts if at and start <= at[-1]]
    return UdevRule(
        mode,
        owner,
        group,
        text.place(starts[0][1]),
        text.path,
        final=given.get("MODE", ("", ""))[0] == ":=",
        chmod=modes[-1] if modes else "",
        runs=bool(mine),
        may_run=is_own and any(key == "RUN" and value and not _CHANGES.search(value) for key, value in programs),
        mode_place=text.place(lines[-1]) if mode and lines else None,
        is_shared=set(names) != {"sev"},
        uaccess=is_own
        and any(key == "TAG" and value == "uaccess" and operator != "-=" for key, operator, value in keys),
    )


def _chmod(tool: str, words: str) -> str:
    found = _CHMOD.match(words.lstrip()) if tool == "chmod" else None
    return found.group(1) if found is not None else ""


def _names_sev(words: str, *, is_own: bool) -> bool:
    """Whether a command's words name /dev/sev, or, in a rule about it, the rule's own device."""
    for word in _DEVICE.findall(f" {words}"):
        if is_own and word.removeprefix("/dev/") in _OWN_NAME:
            return True
        if "$" not in word and "%" not in word and fnmatch.fnmatchcase("/dev/sev", word):
            return True
    return False


_TMPFILES = re.compile(r"\s{0,32}([zZmcaA])[-+!=~^$]{0,8}((?:\s{1,32}\S{1,256}){1,4})")


@parser(
    *(
        Evidence(f"{folder}/tmpfiles.d/*.conf", command=f"grep -r dev/sev /{folder}/tmpfiles.d", many=True)
        for folder in ("etc", "run", "usr/local/lib", "usr/lib")
    )
)
def tmpfiles_file(text: Text) -> TmpfilesFile:
    """`z /dev/sev 0660 root kvm` and its likes: type, path, mode, user, group.

    A mode behind `:` is for what the line itself makes, and `~` only takes rights away: neither sets it.
    """
    lines = []
    for line, content in text.numbered():
        found = _TMPFILES.match(content)
        path, mode, user, group = (*found.group(2).split(), "-", "-", "-")[:4] if found is not None else [""] * 4
        path = path.strip("\"'")
        if found is None or not fnmatch.fnmatchcase("/dev/sev", path):
            continue
        kind, mode = found.group(1), mode if mode.isdigit() else ""
        is_list = kind in ("a", "A")
        if is_list or mode or user[0] not in "-:" or group[0] not in "-:":
            lines.append(TmpfilesLine(kind, path, "" if is_list else mode, text.place(line), text.path))
    return TmpfilesFile(text.path, tuple(lines), text.start)


@parser(
    Evidence("etc/rc.local", command="cat /etc/rc.local", many=True),
    Evidence("etc/rc.d/rc.local", command="cat /etc/rc.d/rc.local", many=True),
)
def start_script(text: Text) -> StartScript:
    """`chmod 0660 /dev/sev` and its likes. A script that nobody may execute is not run."""
    commands = []
    is_off = text.mode is not None and not text.mode & 0o111
    for line, content in text.numbered():
        if not is_off and not content.lstrip().startswith("#"):
            changes = [found for found in _CHANGES.findall(content) if _names_sev(found[1], is_own=False)]
            commands += [(_chmod(*found), text.place(line)) for found in changes]
    return StartScript(text.path, tuple(commands), text.start)


@parser(Evidence("sys/kernel/iommu_groups/*/type", command="grep . /sys/kernel/iommu_groups/*/type", many=True))
def iommu_group(text: Text) -> IommuGroup:
    """One group's domain type."""
    if not text.lines:
        raise ParseError("is empty", text.place())
    return IommuGroup(text.lines[0].strip(), text.place(1))


_PCI = re.compile(r"((?:[0-9a-f]{4,5}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ")
_PCI_ID = re.compile(r"\[([0-9a-f]{4}:[0-9a-f]{4})\]")
_PSP_IDS = frozenset(f"1022:{one}" for one in ("1456", "1486", "15df", "14ca", "15c7", "1649", "17e0", "156e"))
_DRIVER = "Kernel driver in use:"


@parser(Evidence("cmd/lspci", command="lspci -nnk"))
def psp_devices(text: Text) -> PspDevices:
    """`lspci` with ids and drivers: a device's line, and lines about it that are indented (amd-host 4.4).

    Only where other devices show theirs does a device without a driver have none.
    """
    if text.complete is not Completeness.WHOLE:
        raise ParseError("is not whole", text.start)
    found: list[tuple[str, str, int]] = []
    drivers: dict[int, str] = {}
    for line, content in text.numbered():
        device = _PCI.match(content)
        if device is not None:
            ids = _PCI_ID.findall(content)
            found.append((device.group(1), ids[-1] if ids else "", line))
        elif found and content.strip().startswith(_DRIVER):
            drivers[found[-1][2]] = content.partition(_DRIVER)[2].strip()
    if not drivers or not any(one for _, one, _ in found):
        raise ParseError("shows no ids, or no drivers", text.start)
    items = (Psp(at, one, drivers.get(line, ""), text.place(line)) for at, one, line in found if one in _PSP_IDS)
    return PspDevices(tuple(items), text.place(1))

"""udev rules for /dev/sev, and IOMMU groups."""

from __future__ import annotations

import fnmatch
import re

from sevlint.errors import ParseError
from sevlint.facts.amd import IommuGroup, UdevFile, UdevRule
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser

_KEY = re.compile(r'\b([A-Z]{1,16})(?:\{[^}]{0,256}\})?\s{0,16}(==|!=|:=|\+=|=)\s{0,16}"((?:[^"\\]|\\.){0,2048})"')
"""Bounded: a line that never ends must not be read again from each of its letters."""

_CHANGES = re.compile(r"\b(?:chmod|chown|chgrp|setfacl)\b")


@parser(
    *(
        Evidence(f"{folder}/udev/rules.d/*.rules", command=f"grep -r sev /{folder}/udev/rules.d", many=True)
        for folder in ("etc", "run", "usr/lib", "lib")
    )
)
def udev_file(text: Text) -> UdevFile:
    """The rules that match `KERNEL=="sev"`, keys in any order, continued lines joined (amd-host 4.3)."""
    rules = []
    joined, first = "", 0
    for line, content in text.numbered():
        first = first or line
        if content.endswith("\\"):
            joined += content[:-1]
            continue
        joined += content
        if not joined.lstrip().startswith("#"):
            rule = _rule(_KEY.findall(joined), text, first)
            rules += [rule] if rule is not None else []
        joined, first = "", 0
    return UdevFile(text.path, tuple(rules), text.start)


def _rule(keys: list[tuple[str, str, str]], text: Text, line: int) -> UdevRule | None:
    """The rule, if it is about /dev/sev: a misc device of that kernel name."""
    asked = [(key, value.split("|")) for key, operator, value in keys if operator == "=="]
    names = [one for key, values in asked if key == "KERNEL" for one in values if one != "*"]
    subsystems = [values for key, values in asked if key == "SUBSYSTEM"]
    if not any(fnmatch.fnmatchcase("sev", one) for one in names):
        return None
    if not all(any(fnmatch.fnmatchcase("misc", one) for one in values) for values in subsystems):
        return None
    given = {key: (operator, value) for key, operator, value in keys if operator in ("=", ":=")}
    mode, owner, group = (given.get(key, ("", ""))[1] for key in ("MODE", "OWNER", "GROUP"))
    runs = any(key == "RUN" and _CHANGES.search(value) for key, _, value in keys)
    return UdevRule(mode, owner, group, text.place(line), text.path, given.get("MODE", ("", ""))[0] == ":=", runs)


@parser(Evidence("sys/kernel/iommu_groups/*/type", command="grep . /sys/kernel/iommu_groups/*/type", many=True))
def iommu_group(text: Text) -> IommuGroup:
    """One group's domain type."""
    if not text.lines:
        raise ParseError("is empty", text.place())
    return IommuGroup(text.lines[0].strip(), text.place(1))

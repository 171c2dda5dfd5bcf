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
            keys = _KEY.findall(joined)
            names = [value for key, operator, value in keys if key == "KERNEL" and operator == "=="]
            if any(fnmatch.fnmatchcase("sev", one) for name in names for one in name.split("|") if one != "*"):
                given = {key: value for key, operator, value in keys if operator in ("=", ":=")}
                mode, owner, group = (given.get(key, "") for key in ("MODE", "OWNER", "GROUP"))
                rules.append(UdevRule(mode, owner, group, text.place(first), text.path))
        joined, first = "", 0
    return UdevFile(text.path, tuple(rules), text.place(1) if text.lines else text.place())


@parser(Evidence("sys/kernel/iommu_groups/*/type", command="grep . /sys/kernel/iommu_groups/*/type", many=True))
def iommu_group(text: Text) -> IommuGroup:
    """One group's domain type."""
    if not text.lines:
        raise ParseError("is empty", text.place())
    return IommuGroup(text.lines[0].strip(), text.place(1))

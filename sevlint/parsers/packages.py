"""Package lists of rpm and dpkg: only what sevlint asks for is kept (snapshots 5.5)."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.platform import Package, Packages
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser

_WANTED = re.compile(
    r"(?:qemu|libvirt|edk2|ovmf|linux-image|kernel|linux-firmware|swtpm|kvm-server|pve-|proxmox-|selinux-policy\Z)"
)
_RPM = re.compile(r"([\w+.~-]+)-(?:\d+:)?([\w+.~^]+)-([\w+.~^]+)\.(x86_64|noarch|s390x|aarch64|i[3-6]86)\b")
_VERSION = re.compile(r"(?:\d+:)?([^-\s]+)(?:-(\S+))?")


@parser(
    Evidence("cmd/rpm-qa", command="rpm -qa"),
    Evidence("cmd/dpkg-l", command="dpkg -l"),
)
def packages(text: Text) -> Packages:
    """Installed packages. A row of dpkg counts if it is installed (`ii`; `hi`: held); a list without any is no list."""
    is_dpkg = any(content.startswith("Desired=") for content in text.lines[:5])
    items = []
    rows = 0
    for line, content in text.numbered():
        if is_dpkg:
            words = content.split(None, 3)
            if len(words) < 3 or len(words[0]) not in (2, 3) or words[0][0] not in "uihrp":
                continue
            rows += 1
            name, version = words[1].split(":")[0], _VERSION.match(words[2])
            if words[0][1] == "i" and _WANTED.match(name) and version:
                items.append(Package(name, version.group(1), version.group(2) or "", text.place(line)))
        else:
            found = _RPM.match(content)
            if found is None:
                continue
            rows += 1
            name, number, release = found.group(1), found.group(2), found.group(3)
            if _WANTED.match(name):
                items.append(Package(name, number, release, text.place(line)))
    if not rows:
        raise ParseError("lists no package", text.start)
    return Packages("dpkg" if is_dpkg else "rpm", tuple(items), text.place(1))

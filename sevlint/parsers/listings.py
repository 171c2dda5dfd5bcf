"""What is there, of which kind, mode and owner: single entries, and recursive listings (snapshots 5.5)."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.platform import FileListing, ListedDirectory
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser

_KINDS = {"-": "file", "d": "directory", "l": "link", "c": "device", "b": "device"}
_MODE = re.compile(r"([-dlcbps])([-rwxsStT]{9})([.+@]?)\s+\d+\s+(\S+)\s+(\S+)\s+(.*)")
_NAME = re.compile(r"(?:\d+,\s*)?\d+\s+\w+\s+\d+\s+[\d:]+\s+(.+)")
_LABEL = re.compile(r"[\w.-]{1,64}:[\w.-]{1,64}:([\w.-]{1,64})(?::\S{1,128})?\s")
_BITS = (
    ("r", 0o400),
    ("w", 0o200),
    ("xs", 0o100),
    ("r", 0o040),
    ("w", 0o020),
    ("xs", 0o010),
    ("r", 0o004),
    ("w", 0o002),
    ("xt", 0o001),
)


@parser(
    Evidence("dev/sev", command="ls -l /dev/sev", many=True, listing=True),
    Evidence("dev/kvm", command="ls -l /dev/kvm", many=True, listing=True),
    Evidence("dev/sev-guest", command="ls -l /dev/sev-guest", many=True, listing=True),
    Evidence("dev/tdx_guest", command="ls -l /dev/tdx_guest", many=True, listing=True),
    Evidence("sys/firmware/efi", command="ls -d /sys/firmware/efi", many=True, listing=True),
    Evidence("sys/firmware/acpi/tables/IVRS", command="ls /sys/firmware/acpi/tables/IVRS", many=True, listing=True),
    Evidence("sys/firmware/acpi/tables/FACP", command="ls /sys/firmware/acpi/tables/FACP", many=True, listing=True),
    Evidence("sys/kernel/iommu_groups", command="ls -d /sys/kernel/iommu_groups", many=True, listing=True),
    Evidence("sys/kernel/iommu_groups/*", command="ls /sys/kernel/iommu_groups", many=True, listing=True),
    Evidence("etc/libvirt/qemu/autostart/*.xml", command="ls -l /etc/libvirt/qemu/autostart", many=True, listing=True),
)
def file_listing(text: Text) -> FileListing:
    """An entry of the collection itself."""
    owner, _, group = text.owner.partition(":")
    note = f"mode {text.mode:04o}" if text.mode is not None else ""
    return FileListing(text.path, text.kind, text.mode, owner, group, text.place(note=note))


@parser(
    Evidence("cmd/ls-dev", command="ls -alZR /dev", many=True),
    Evidence("cmd/ls-sys-firmware", command="ls -alZR /sys/firmware", many=True),
)
def listed_directory(text: Text) -> ListedDirectory:
    """`ls -lR`, with or without the security context column, names or numeric ids."""
    entries = []
    folder = root = ""
    for line, content in text.numbered():
        if content.startswith("/") and content.endswith(":"):
            folder = content[1:-1].strip("/")
            root = root or folder
            continue
        found = _MODE.match(content)
        if found is None:
            continue
        kind, bits, mark, owner, group, rest = found.groups()
        named = _NAME.match(rest) or _NAME.match(rest.partition(" ")[2].lstrip())
        if named is None:
            continue
        name = named.group(1).split(" -> ")[0].rstrip()
        if name in (".", ".."):
            continue
        path = f"{folder}/{name}" if folder else name
        place = text.place(line)
        label = _LABEL.match(rest)
        of = label.group(1) if label is not None else ""
        entries.append(FileListing(path, _KINDS.get(kind, "file"), _mode(bits), owner, group, place, mark == "+", of))
    if not root:
        raise ParseError("is no recursive listing", text.start)
    return ListedDirectory(root.split("/")[0], tuple(entries), text.place(1))


def _mode(letters: str) -> int:
    value = sum(bit for letter, (set_by, bit) in zip(letters, _BITS, strict=True) if letter in set_by)
    special = ((2, "sS", 0o4000), (5, "sS", 0o2000), (8, "tT", 0o1000))
    return value + sum(bit for at, set_by, bit in special if letters[at] in set_by)

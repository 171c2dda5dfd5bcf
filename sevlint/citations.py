"""Fact keys, as pages and cards cite them: `(amd-host 5.2 #44, #45; libvirt-qemu 7)`.

A key is a sheet, a section, and mostly an item of it: a number as in `#44`, a code such as `0x03`, or words such as
`kvm_amd.npt`. A key stands for its own row alone, not for the rows below it.
"""

from __future__ import annotations

import re

SHEETS = ("amd-host", "intel-tdx", "libvirt-qemu", "guest-and-swiotlb", "snapshots", "peer-checks")
_CITED = re.compile(rf"\(((?:{'|'.join(SHEETS)}) [^()]*)\)")
_PART = re.compile(rf"(?:(?P<sheet>{'|'.join(SHEETS)})\s+)?(?P<section>\d+(?:\.\d+)*(?!\S))?\s*(?P<item>\S.*)?")


def keys_of(text: str) -> tuple[str, ...]:
    """Every key cited in a text, in order: a part without a sheet or section has those of the part before it."""
    keys: dict[str, None] = {}
    for cited in _CITED.finditer(text):
        sheet = section = ""
        for part in re.split(r"[,;]", " ".join(cited.group(1).split())):
            found = _PART.fullmatch(part.strip())
            if found is None:
                continue
            sheet, section = found["sheet"] or sheet, found["section"] or section
            keys[" ".join(word for word in (sheet, section, found["item"]) if word)] = None
    return tuple(keys)


def in_sheet_order(key: str) -> tuple[int, list[int], list[tuple[bool, int, str]]]:
    """Sorts keys as the sheets have them: 5.2 before 5.10, #9 before #10, 0x09 before 0x0a, numbers before words."""
    sheet, _, rest = key.partition(" ")
    section, _, item = rest.partition(" ")
    tokens = re.findall(r"(0x[0-9a-f]+)|(\d+)|([^\d# ]+)", item)
    words = [(bool(word), int(hexa, 16) if hexa else int(digits or 0), word) for hexa, digits, word in tokens]
    place = SHEETS.index(sheet) if sheet in SHEETS else len(SHEETS)
    return (place, [int(number) for number in re.findall(r"\d+", section)], words)

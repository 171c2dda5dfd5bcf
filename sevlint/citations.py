"""Fact keys, as pages and cards cite them: `(amd-host 5.2 #44, #45; libvirt-qemu 7)`.

A key is a sheet, a section, and mostly an item of it: a number as in `#44`, or a word such as `kvm_amd.npt`.
"""

from __future__ import annotations

import re

SHEETS = ("amd-host", "intel-tdx", "libvirt-qemu", "guest-and-swiotlb", "snapshots", "peer-checks")
_CITED = re.compile(rf"\(((?:{'|'.join(SHEETS)}) [^()]*)\)")
_PART = re.compile(rf"(?:(?P<sheet>{'|'.join(SHEETS)})\s+)?(?P<section>\d+(?:\.\d+)*)?\s*(?P<item>\S.*)?")


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


def in_sheet_order(key: str) -> tuple[int, list[tuple[int, str]]]:
    """Sorts keys as the sheets have them: 5.2 before 5.10, #9 before #10."""
    sheet, _, rest = key.partition(" ")
    numbers = [(int(digits or 0), word) for digits, word in re.findall(r"(\d+)|([^\d.# ]+)", rest)]
    return (SHEETS.index(sheet) if sheet in SHEETS else len(SHEETS), numbers)

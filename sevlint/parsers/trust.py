"""What the PSP's driver shows of the part's fuses (amd-host 4.4), and where memory ends (amd-host 4.5, 5.3)."""

from __future__ import annotations

import re

from sevlint.errors import ParseError
from sevlint.facts.trust import MemoryEnd, PspAttribute
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser

_RAM = re.compile(r"\s*([0-9a-f]{8,16})-([0-9a-f]{8,16}) : System RAM")
_NAMES = ("fused_part", "debug_lock_on", "bootloader_version")
_FOLDERS = ("sys/bus/pci/devices/*", "sys/bus/pci/drivers/ccp/*", "sys/devices/*/*/*")
"""One device by three ways: two links and the folder itself, below its root port."""


@parser(
    *(
        Evidence(f"{folder}/{name}", command=f"grep . /{folder}/{name}", many=True)
        for folder in _FOLDERS
        for name in _NAMES
    )
)
def psp_attribute(text: Text) -> PspAttribute:
    """One file: `0` or `1`, or `AA.BB.CC.DD` in hexadecimal."""
    device, name = text.path.split("/")[-2:]
    if not text.lines or not text.lines[0].strip():
        raise ParseError("is empty", text.place())
    return PspAttribute(device, name, text.lines[0].strip(), text.place(1))


@parser(Evidence("proc/iomem", command="cat /proc/iomem", root=True))
def memory_end(text: Text) -> MemoryEnd:
    """The last range of System RAM. Read without root, every address is zero, which proves nothing."""
    found = [(int(match.group(2), 16) + 1, line) for line, content in text.numbered() if (match := _RAM.match(content))]
    if not found:
        raise ParseError("lists no System RAM", text.place())
    end, line = max(found)
    if end == 1:
        raise ParseError("was read without root: its addresses are zero", text.place(line))
    return MemoryEnd(end, text.place(line))

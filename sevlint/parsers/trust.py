"""What the PSP's driver shows of the part's fuses (amd-host 4.4)."""

from __future__ import annotations

from sevlint.errors import ParseError
from sevlint.facts.trust import PspAttribute
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser

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

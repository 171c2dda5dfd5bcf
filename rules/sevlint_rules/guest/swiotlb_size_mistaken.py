"""The swiotlb option does not mean what it seems to.

Why    The number counts slabs of 2 KiB, not KiB, MiB or pages: 65536 is 128 MiB, not 256. The kernel knows no suffix:
       `swiotlb=512M` is 512 slabs, 1 MiB. A word before the number is not read at all.
Fix    Write `swiotlb=` and the number of slabs: MiB times 512.
Refs   linux: kernel/dma/swiotlb.c, Documentation/core-api/swiotlb.rst (guest-and-swiotlb 1.1, 1.2)
"""

import re

from sevlint.api import X86, Fail, NotApplicable, Pass, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.guest import Swiotlb

_SLABS_PER_MIB = 512
_DEFAULT_SLABS = 32768
_MISREAD = {65536: 256}
"""Numbers that manuals give with a wrong size: slabs -> the MiB that they claim."""
_MIB = {"K": 1 / 1024, "M": 1, "G": 1024}


@rule(about=Subject.GUEST, severity=Severity.WARNING, goals=X86)
def judge(pool: Swiotlb) -> Verdict:
    if pool.option_place is None:
        return NotApplicable("the command line has no swiotlb option")
    seen = (pool.option_place,)
    if pool.suffix and pool.slabs is not None:
        meant = int(pool.slabs * _MIB[pool.suffix.upper()] * _SLABS_PER_MIB)
        because = f"`{pool.option_text}` is {pool.slabs} slabs, {_size(pool.slabs)}: the kernel knows no suffix"
        return Fail(because, seen, remedy=boot_option.add(f"swiotlb={meant}"), value=pool.option_text)
    if pool.slabs is None and re.search(r"=\w+,\d", pool.option_text):
        because = f"the kernel reads no number behind a word: `{pool.option_text}` sets no size"
        return Fail(because, seen, remedy=boot_option.remove(pool.option_text), value=pool.option_text)
    if pool.slabs == _DEFAULT_SLABS:
        because = f"`{pool.option_text}` is the default and cannot be told from no option at all"
        return Fail(because, seen, severity=Severity.NOTE, value=pool.option_text)
    if pool.slabs in _MISREAD:
        because = f"`{pool.option_text}` is {_size(pool.slabs)}, not {_MISREAD[pool.slabs]} MiB as manuals say"
        return Fail(because, seen, severity=Severity.NOTE, value=pool.option_text)
    return Pass(f"{pool.slabs} slabs are {_size(pool.slabs)}" if pool.slabs else "it sets no size", seen)


def _size(slabs: int) -> str:
    return f"{slabs // _SLABS_PER_MIB} MiB" if slabs >= _SLABS_PER_MIB else f"{slabs * 2} KiB"

"""The host's bounce buffers were given a size, and SEV guests do not use them.

Why    `swiotlb=` counts slabs of 2 KiB, not MiB or pages (262144 is 512 MiB), and sets memory of this kernel aside: a
       guest bounces its own DMA in its own memory, and needs the option, if at all, on its own command line.
Fix    Remove `swiotlb=` from the host; where the pool of a guest ran full, give the guest a larger one.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt, kernel/dma/swiotlb.c; AMDESE/AMDSEV README
       (amd-host 9 #21)

A host that encrypts its own memory (`mem_encrypt=on`) has a use for it. What is kept for the next boot is read too.
"""

import re

from sevlint.api import AMD_SEV, Fail, Gap, NotApplicable, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline, NextBootCmdline, Option, Options, in_no_line, lines_of

_SLABS_OF_MIB = 512
_NUMBER = re.compile(r"[0-9]{1,9}(?![0-9])")


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(cmdline: KernelCmdline, following: NextBootCmdline | Gap, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    sized = [(when, *found) for when, line in lines_of(cmdline, following) if (found := _sized(line))]
    if sized:
        when, option, slabs = sized[0]
        comes = f"comes with {when} and " if when else ""
        because = f"`{option.text}` {comes}sets {slabs / _SLABS_OF_MIB:g} MiB of the host's own memory aside"
        places = tuple(dict.fromkeys(one.place for _, one, _ in sized))
        remedy = boot_option.remove(option.text)
        return Fail(f"{because}, which no SEV guest uses", places, remedy=remedy, value=option.text)
    return in_no_line("neither this boot nor the next sizes the host's bounce buffer", cmdline, following)


def _sized(line: Options) -> tuple[Option, int] | None:
    """The option and its slabs; None where there is none, or the host's own memory is encrypted and it is of use."""
    mem_encrypt, option = line.last("mem_encrypt"), line.last("swiotlb")
    slabs = _NUMBER.match(option.value or "") if option is not None else None
    if option is None or slabs is None or int(slabs.group()) == 0 or (mem_encrypt and mem_encrypt.value == "on"):
        return None
    return option, int(slabs.group())

"""The host's bounce buffers were given a size, and SEV guests do not use them.

Why    `swiotlb=` counts slabs of 2 KiB, not MiB or pages (262144 is 512 MiB), and sets memory of this kernel aside: a
       guest bounces its own DMA in its own memory, and needs the option, if at all, on its own command line.
Fix    Remove `swiotlb=` from the host; where the pool of a guest ran full, give the guest a larger one.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt, kernel/dma/swiotlb.c; AMDESE/AMDSEV README
       (amd-host 9 #21)

A host that encrypts its own memory (`mem_encrypt=on`) has a use for it.
"""

import re

from sevlint.api import AMD_SEV, Fail, NotApplicable, Pass, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline

_SLABS_OF_MIB = 512


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(cmdline: KernelCmdline, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    mem_encrypt, option = cmdline.last("mem_encrypt"), cmdline.last("swiotlb")
    if mem_encrypt is not None and mem_encrypt.value == "on":
        return Pass("the host's own memory is encrypted, so its devices bounce", (mem_encrypt.place,))
    slabs = re.match(r"[0-9]{1,9}(?![0-9])", option.value or "") if option is not None else None
    if option is None or slabs is None or int(slabs.group()) == 0:
        return Pass("the command line does not size the host's bounce buffer", (cmdline.place,))
    size = int(slabs.group()) / _SLABS_OF_MIB
    because = f"`{option.text}` sets {size:g} MiB of the host's own memory aside, which no SEV guest uses"
    return Fail(because, (option.place,), remedy=boot_option.remove(option.text), value=option.text)

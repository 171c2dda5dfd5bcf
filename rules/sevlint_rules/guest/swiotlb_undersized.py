"""The guest's bounce buffer pool is smaller than the kernel's own rule asks for.

Why    Since Linux 5.11 an encrypted guest gets 6 % of its memory, at least 64 MiB and at most 1 GiB. An explicit
       smaller value beats that rule and makes things worse than no option at all; older kernels stay at 64 MiB.
Fix    Remove the option, or raise it: `swiotlb=N` counts slabs of 2 KiB, 512 slabs are 1 MiB.
Refs   linux: kernel/dma/swiotlb.c, arch/x86/mm/mem_encrypt.c (guest-and-swiotlb 1.1 to 1.4)
"""

from sevlint.api import (
    X86,
    Fail,
    Figure,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.guest import GuestProtection, Swiotlb
from sevlint.facts.kernel import KernelCmdline, KernelVersion
from sevlint.facts.log import KernelLog
from sevlint.facts.platform import Meminfo

_SLABS_PER_MIB = 512
_DEFAULT_SLABS = 32768
_SHARE = 0.06
_SMALLEST, _LARGEST = 64, 1024
_FIRST_WITH_RULE = (5, 11)


@rule(about=Subject.GUEST, severity=Severity.WARNING, goals=X86)
def judge(
    pool: Swiotlb,
    protection: GuestProtection,
    cmdline: KernelCmdline | None,
    memory: Meminfo | None,
    kernel: KernelVersion | None,
    log: KernelLog | None,
) -> Verdict:
    if protection.active is None:
        return NotApplicable("the guest is not encrypted")
    if pool.noforce and pool.option_place is not None:
        because = f"`{pool.option_text}` takes the bounce buffers away that an encrypted guest needs"
        return Fail(because, (pool.option_place,), remedy=boot_option.remove(pool.option_text), value=pool.option_text)
    halved = log.last("swiotlb-halved") if log is not None else None
    if halved is not None:
        got = halved.number("got") // _SLABS_PER_MIB
        remedy = boot_option.add("swiotlb=131072")
        because = f"low memory did not suffice: the kernel cut the bounce buffer pool to {got} MiB"
        return Fail(because, (halved.place,), remedy=remedy, value=str(got))
    if cmdline is None:
        return Open("the guest's command line was not collected", ("proc/cmdline",))
    if memory is None:
        return Open("the guest's memory size was not collected", ("proc/meminfo",))
    needed = min(_LARGEST, max(_SMALLEST, int(memory.total_kib / 1024 * _SHARE)))
    if pool.slabs is not None and pool.slabs != _DEFAULT_SLABS and pool.option_place is not None and not pool.suffix:
        size = pool.slabs // _SLABS_PER_MIB
        figures = (Figure("swiotlb", size, needed, "MiB"),)
        if size < needed:
            because = f"`{pool.option_text}` is {size} MiB; the kernel's own rule would give {needed} MiB"
            remedy = boot_option.remove(pool.option_text)
            return Fail(because, (pool.option_place,), remedy=remedy, figures=figures, value=str(size))
        return Pass(f"{size} MiB for {needed} MiB by the kernel's rule", (pool.option_place,), figures)
    if kernel is None:
        return Open("the guest's kernel version was not collected", ("cmd/uname",))
    if kernel.version < _FIRST_WITH_RULE and not kernel.vendor and needed > _SMALLEST:
        because = f"kernel {kernel.release} gives an encrypted guest 64 MiB of bounce buffers, whatever its memory"
        remedy = boot_option.add(f"swiotlb={needed * _SLABS_PER_MIB}")
        return Fail(because, (kernel.place,), remedy=remedy, value="64")
    return Pass("the kernel sizes the pool itself", (pool.place,))

"""The guest's bounce buffer pool is smaller than the kernel's own rule asks for.

Why    Since Linux 5.11 an encrypted guest gets 6 % of its memory, at least 64 MiB and at most 1 GiB. An explicit
       smaller value beats that rule and makes things worse than no option at all; older kernels stay at 64 MiB, and
       `noforce` leaves devices no memory that they can reach.
Fix    Remove the option, or raise it: `swiotlb=N` counts slabs of 2 KiB, 512 slabs are 1 MiB.
Refs   linux: kernel/dma/swiotlb.c, arch/x86/mm/mem_encrypt.c (guest-and-swiotlb 1.1 to 1.4)

The size that counts is what the kernel mapped; since 6.0 it rounds a number up to a power of two.
"""

from sevlint.api import (
    X86,
    Confidence,
    Fail,
    Figure,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.guest import SLABS_PER_MIB, GuestProtection, Swiotlb, possible_slabs, ruled_mib, size_of
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.platform import Meminfo


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86)
def judge(pool: Swiotlb, protection: GuestProtection, memory: Meminfo | None, log: KernelLog | None) -> Verdict:
    if protection.active is None:
        return NotApplicable("the guest is not encrypted")
    forbidden, sized = pool.forbidden_by, pool.sized_by
    if forbidden is not None:
        because = f"`{forbidden.text}` takes the bounce buffers away that an encrypted guest needs"
        remedy = boot_option.remove(forbidden.text)
        place = forbidden.place
        return Fail(because, (place,), remedy=remedy, confidence=Confidence.MEDIUM, value=forbidden.text)
    if sized is not None and sized.is_cut:
        return NotApplicable(f"`{sized.text}` is not read as it seems: swiotlb-size-mistaken speaks of it")
    halved = log.last("swiotlb-halved") if log is not None else None
    if halved is not None:
        return _halved(halved)
    if not pool.is_automatic and pool.size_mib is not None:
        if memory is None:
            return Open("the guest's memory size was not collected", ("proc/meminfo",))
        if pool.size_mib < ruled_mib(memory.total_kib):
            return _small(pool, pool.size_mib, memory.total_kib)
    elif not pool.is_automatic:
        return Open("nothing tells the size of the pool", ("proc/cmdline", "cmd/uname", "cmd/dmesg"))
    if pool.mapped_mib is None and (log is None or not log.whole):
        return Open("the log does not say what size the pool got", ("cmd/dmesg",))
    because = "the kernel sized the pool itself" if pool.is_automatic else f"the pool has {pool.size_mib} MiB"
    return Pass(because, pool.size_seen or (pool.place,))


def _small(pool: Swiotlb, size: int, memory_kib: int) -> Fail:
    asked, needed = pool.sized_by, ruled_mib(memory_kib)
    what = f"`{asked.text}` is" if asked is not None else "the bounce buffer pool has"
    because = f"{what} {size} MiB; the kernel's rule since 5.11 gives {needed} MiB or more"
    wanted = possible_slabs(1 << (needed * SLABS_PER_MIB - 1).bit_length(), memory_kib)
    figures = (Figure("swiotlb", size, needed, "MiB"),)
    remedy = boot_option.put(asked.text if asked is not None else "", f"swiotlb={wanted}")
    if asked is not None and pool.kernel_has_rule:
        remedy = boot_option.remove(asked.text)
    return Fail(because, pool.size_seen, remedy=remedy, severity=Severity.WARNING, figures=figures, value=str(size))


def _halved(line: Line) -> Fail:
    got = line.number("got")
    text = f"leave more memory free below 4 GiB (crashkernel, initrd), or ask for what fits: swiotlb={got}"
    because = f"low memory did not suffice: the kernel cut the bounce buffer pool to {size_of(got)}"
    remedy = Remedy(text, needs=Needs.REBOOT)
    return Fail(because, (line.place,), remedy=remedy, severity=Severity.WARNING, value=str(got))

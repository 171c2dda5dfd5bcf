"""The swiotlb option does not mean what it seems to.

Why    The number counts slabs of 2 KiB, not KiB, MiB or pages: 65536 is 128 MiB, not 256. The kernel knows no suffix:
       `swiotlb=512M` is 512 slabs, 1 MiB. Nothing behind a word is read, and a leading 0 makes the number octal.
Fix    Write `swiotlb=` and the number of slabs: MiB times 512.
Refs   linux: kernel/dma/swiotlb.c, Documentation/core-api/swiotlb.rst (guest-and-swiotlb 1.1, 1.2)

Of several options the last number counts; `force` and `noforce` of all of them add up.
"""

from sevlint.api import X86, Fail, NotApplicable, Open, Pass, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.guest import DEFAULT_SLABS, Swiotlb, SwiotlbOption, possible_slabs, size_of
from sevlint.facts.kernel import KernelCmdline
from sevlint.facts.platform import Meminfo


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86)
def judge(pool: Swiotlb, cmdline: KernelCmdline | None, memory: Meminfo | None) -> Verdict:
    if cmdline is None:
        return Open("the guest's command line was not collected", ("proc/cmdline",))
    if not pool.options:
        return NotApplicable("the command line has no swiotlb option")
    option = pool.sized_by
    if option is not None and option.suffix:
        return _suffix(option, memory.total_kib if memory is not None else None)
    for one in pool.options:
        if one.unread and (one is option or one.slabs is None):
            what = "nothing" if one.slabs is None else f"only {one.digits}"
            return _fail(one, f"the kernel reads {what} of `{one.text}`", Severity.WARNING)
    if option is None:
        return Pass("it sets no size", (pool.place,))
    if option.is_octal:
        because = f"`{option.text}` is octal by its leading 0: {option.slabs} slabs, {size_of(option.rounded)}"
        return Fail(because, (option.place,), severity=Severity.NOTE, value=option.text)
    if option.rounded == DEFAULT_SLABS:
        because = f"`{option.text}` is the default and cannot be told from no option at all"
        return _fail(option, because, Severity.NOTE)
    if option.claimed_mib is not None:
        because = f"`{option.text}` is {size_of(option.rounded)}, not {option.claimed_mib} MiB as manuals say"
        return Fail(because, (option.place,), severity=Severity.NOTE, value=option.text)
    return Pass(f"{option.slabs} slabs are {size_of(option.rounded)}", (option.place,))


def _suffix(option: SwiotlbOption, memory_kib: int | None) -> Fail:
    slabs = option.slabs or 0
    advised = possible_slabs(option.meant, memory_kib)
    remedy = boot_option.remove(option.text)
    if advised > DEFAULT_SLABS:
        remedy = boot_option.replace(option.text, f"swiotlb={advised}")
    because = f"`{option.text}` is {slabs} slabs, {size_of(option.rounded)}: the kernel knows no suffix"
    severity = Severity.WARNING if slabs >= min(option.meant, DEFAULT_SLABS) else Severity.ERROR
    return Fail(because, (option.place,), remedy=remedy, severity=severity, value=option.text)


def _fail(option: SwiotlbOption, because: str, severity: Severity) -> Fail:
    remedy = boot_option.remove(option.text)
    return Fail(because, (option.place,), remedy=remedy, severity=severity, value=option.text)

"""The guest ran out of bounce buffers.

Why    A device of an encrypted guest can reach only shared memory, so every transfer goes through the swiotlb pool.
       When it is full, disks stall and packets are lost.
Fix    Give the guest a larger pool: `swiotlb=N` counts slabs of 2 KiB, so 262144 is 512 MiB. A request of more than
       256 KiB never fits, whatever the pool: limit the driver's request size instead.
Refs   linux: kernel/dma/swiotlb.c (guest-and-swiotlb 1.6, 2.1)

"SWIOTLB buffer full" and "DMA map error" of manuals are these lines; no kernel prints them so.
"""

from sevlint.api import X86, AmdRung, Fail, Needs, Open, Pass, Remedy, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.guest import Swiotlb
from sevlint.facts.log import KernelLog, Line

_FULL = ("swiotlb-buffer-full", "dma-out-of-sw-iommu")
_NONE = ("swiotlb-no-low-memory", "swiotlb-cannot-allocate")
_LARGEST = 262144
_SLABS_PER_MIB = 512
_DEFAULT_SLABS = 32768


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86, rung=AmdRung.GUEST)
def judge(log: KernelLog, pool: Swiotlb | None) -> Verdict:
    full = [line for card in _FULL for line in log.all(card)]
    if full:
        return _full(full, pool)
    none = log.last(*_NONE)
    if none is not None:
        remedy = Remedy("ask for a smaller pool, such as swiotlb=131072 (256 MiB)", needs=Needs.REBOOT)
        return Fail("the kernel got no memory for bounce buffers", (none.place,), remedy=remedy)
    if not log.whole:
        return Open(log.why_not_whole, ("cmd/journal-boot",))
    return Pass("the log has no sign of exhausted bounce buffers", (log.place,))


def _full(lines: list[Line], pool: Swiotlb | None) -> Fail:
    first, last = lines[0], lines[-1]
    places = (first.place, last.place) if first.place != last.place else (first.place,)
    largest = max(line.number("sz") for line in lines)
    times = f" ({len(lines)} times in this log)" if len(lines) > 1 else ""
    if largest > _LARGEST:
        remedy = Remedy(
            "limit the driver's requests to 256 KiB (max_sectors_kb), or update it; a larger pool does not help",
            needs=Needs.NONE,
        )
        return Fail(
            f"a driver asks for {largest} bytes at once, more than a bounce buffer holds", places, remedy=remedy
        )
    total = max(line.number("total") for line in lines) or (pool.mapped_mib or 0 if pool else 0) * _SLABS_PER_MIB
    wanted = max(total, _DEFAULT_SLABS) * 2
    size = f" of {total // _SLABS_PER_MIB} MiB" if total else ""
    because = f"the bounce buffer pool{size} ran full{times}"
    return Fail(because, places, remedy=boot_option.add(f"swiotlb={wanted}"), value=str(total or ""))

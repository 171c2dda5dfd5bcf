"""The guest ran out of bounce buffers.

Why    A device of an encrypted guest can reach only shared memory, so every transfer goes through the swiotlb pool.
       When it is full, disks stall and packets are lost.
Fix    Give the guest a larger pool: `swiotlb=N` counts slabs of 2 KiB, so 262144 is 512 MiB. A request of more than
       256 KiB never fits, whatever the pool: limit the driver's request size instead.
Refs   linux: kernel/dma/swiotlb.c (guest-and-swiotlb 1.4, 1.6, 1.7, 2.1)

"SWIOTLB buffer full" and "DMA map error" of manuals are these lines; no kernel prints them so. Nor does a pool of 2 GiB
help, as some advise: it must fit below 4 GiB in one piece.
"""

from collections.abc import Sequence

from sevlint.api import (
    X86,
    AmdRung,
    Confidence,
    Fail,
    Needs,
    Open,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.guest import PoolTrouble, Swiotlb, size_of
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.platform import Meminfo

_FEWER = Remedy("give its devices fewer queues and smaller requests (max_sectors_kb); no larger pool can be had")
_SMALLER = Remedy("limit the driver's requests to 256 KiB (max_sectors_kb), or update it; a larger pool does not help")


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86, rung=AmdRung.GUEST)
def judge(log: KernelLog, pool: Swiotlb | None, memory: Meminfo | None) -> Verdict | Sequence[Fail]:
    trouble = PoolTrouble.of(log, pool, memory.total_kib if memory is not None else None)
    fails = []
    if trouble.no_pool is not None:
        remedy = Remedy("ask for a smaller pool, such as swiotlb=131072 (256 MiB)", needs=Needs.REBOOT)
        seen = (trouble.no_pool.place,)
        fails.append(Fail("the kernel got no memory for bounce buffers", seen, remedy=remedy, value="none"))
    if trouble.too_large:
        because = f"a driver asks for {_largest(trouble.too_large)} bytes at once, more than a bounce buffer holds"
        fails.append(Fail(because, _ends(trouble.too_large), remedy=_SMALLER, value="request"))
    if trouble.full:
        asked = pool.sized_by if pool is not None else None
        remedy = _FEWER
        if trouble.larger is not None:
            remedy = boot_option.put(asked.text if asked is not None else "", f"swiotlb={trouble.larger}")
        fails.append(_full(trouble, remedy))
    if fails:
        return fails
    if not log.whole:
        return Open(log.why_not_whole, ("cmd/journal-boot",))
    return Pass("the log has no sign of exhausted bounce buffers", (log.place,))


def _full(trouble: PoolTrouble, remedy: Remedy) -> Fail:
    size = f" of {size_of(trouble.total)}" if trouble.total else ""
    times = f" ({trouble.times} times in this log)" if trouble.times > 1 else ""
    seen = _ends(trouble.full)
    if not trouble.is_fragmented:
        because = f"the bounce buffer pool{size} ran full{times}"
        return Fail(because, seen, remedy=remedy, value=str(trouble.total or ""))
    because = f"no free piece of {_largest(trouble.full)} bytes in the bounce buffer pool{size}{times}"
    warning, medium = Severity.WARNING, Confidence.MEDIUM
    return Fail(because, seen, remedy=remedy, severity=warning, confidence=medium, value="fragmented")


def _largest(lines: Sequence[Line]) -> int:
    return max(line.number("sz") for line in lines)


def _ends(lines: Sequence[Line]) -> tuple[Place, ...]:
    places = (lines[0].place, lines[-1].place)
    return places if places[0] != places[1] else places[:1]

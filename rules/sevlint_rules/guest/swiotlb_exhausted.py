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
from sevlint.facts.guest import DEFAULT_SLABS, LARGEST_REQUEST, SLABS_PER_MIB, Swiotlb, possible_slabs, size_of
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.platform import Meminfo

_FULL = ("swiotlb-buffer-full", "dma-out-of-sw-iommu")
_NONE = ("swiotlb-no-low-memory", "swiotlb-cannot-allocate", "swiotlb-cannot-allocate-old")
_FRAGMENTED_SHARE = 0.8
_FRAGMENTED_REQUEST = 65536
_FEWER = Remedy("give its devices fewer queues and smaller requests (max_sectors_kb); no larger pool can be had")
_SMALLER = Remedy("limit the driver's requests to 256 KiB (max_sectors_kb), or update it; a larger pool does not help")


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86, rung=AmdRung.GUEST)
def judge(log: KernelLog, pool: Swiotlb | None, memory: Meminfo | None) -> Verdict | Sequence[Fail]:
    lines = [line for card in _FULL for line in log.all(card)]
    too_large = [line for line in lines if line.number("sz") > LARGEST_REQUEST]
    full = [line for line in lines if line.number("sz") <= LARGEST_REQUEST]
    fails = []
    none = log.last(*_NONE)
    if none is not None:
        remedy = Remedy("ask for a smaller pool, such as swiotlb=131072 (256 MiB)", needs=Needs.REBOOT)
        fails.append(Fail("the kernel got no memory for bounce buffers", (none.place,), remedy=remedy, value="none"))
    if too_large:
        largest = max(line.number("sz") for line in too_large)
        because = f"a driver asks for {largest} bytes at once, more than a bounce buffer holds"
        fails.append(Fail(because, _ends(too_large), remedy=_SMALLER, value="request"))
    if full:
        cut = log.last("swiotlb-halved") is not None
        fails.append(_full(full, pool, memory.total_kib if memory is not None else None, cut=cut))
    if fails:
        return fails
    if not log.whole:
        return Open(log.why_not_whole, ("cmd/journal-boot",))
    return Pass("the log has no sign of exhausted bounce buffers", (log.place,))


def _full(lines: list[Line], pool: Swiotlb | None, memory_kib: int | None, *, cut: bool) -> Fail:
    mapped = pool.mapped_mib or 0 if pool is not None else 0
    total = max(line.number("total") for line in lines) or mapped * SLABS_PER_MIB
    wanted = possible_slabs(max(total, DEFAULT_SLABS) * 2, memory_kib)
    larger, asked = f"swiotlb={wanted}", pool.sized_by if pool is not None else None
    remedy = boot_option.replace(asked.text, larger) if asked is not None else boot_option.add(larger)
    if wanted <= total or cut:
        remedy = _FEWER
    size = f" of {size_of(total)}" if total else ""
    # late 4.x kernels tell of one event with both lines (guest-and-swiotlb 2.1)
    count = max(sum(line.card == card for line in lines) for card in _FULL)
    times = f" ({count} times in this log)" if count > 1 else ""
    if all(_is_fragmented(line) for line in lines):
        because = f"no free piece of {max(line.number('sz') for line in lines)} bytes in the bounce buffer pool{size}"
        return Fail(
            f"{because}{times}",
            _ends(lines),
            remedy=remedy,
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
            value="fragmented",
        )
    return Fail(f"the bounce buffer pool{size} ran full{times}", _ends(lines), remedy=remedy, value=str(total or ""))


def _is_fragmented(line: Line) -> bool:
    """Large requests fail long before the pool is used up (guest-and-swiotlb 1.7)."""
    total = line.number("total")
    return total > 0 and line.number("used") / total < _FRAGMENTED_SHARE and line.number("sz") >= _FRAGMENTED_REQUEST


def _ends(lines: list[Line]) -> tuple[Place, ...]:
    places = (lines[0].place, lines[-1].place)
    return places if places[0] != places[1] else places[:1]

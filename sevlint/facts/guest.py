"""What a guest knows of itself (guest-and-swiotlb 1, 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.facts.log import Line
from sevlint.model import Goal, Level, Place

if TYPE_CHECKING:
    from sevlint.facts.log import KernelLog


class GuestProtection(Fact, frozen=True):
    """The protection that the guest itself sees: the highest level proven, None for proven absence.

    A Gap where neither is proven (a wrapped log and no other sign).
    """

    LEVEL: ClassVar[Level] = Level.GUEST
    active: Goal | None
    place: Place


SLABS_PER_MIB = 512
DEFAULT_SLABS = 32768
LARGEST_SLABS = 524288
"""1 GiB: where the kernel's own rule ends, and about what fits below 4 GiB (guest-and-swiotlb 1.1, 1.4)."""
LARGEST_REQUEST = 262144
"""Bytes: no single mapping can be larger, whatever the pool (guest-and-swiotlb 1.6)."""
_SET = 128
_LARGEST_SHARE = 4
_RULE_SHARE = 0.06
_RULE_SMALLEST, _RULE_LARGEST = 64, 1024
"""What kernels since 5.11 give an encrypted guest, in MiB and of its memory (guest-and-swiotlb 1.3)."""
_SLABS_PER_UNIT = {"K": 0.5, "M": SLABS_PER_MIB, "G": 1024 * SLABS_PER_MIB}
_MISREAD = {65536: 256}
"""Numbers that manuals give with a wrong size: slabs -> the MiB that they claim (guest-and-swiotlb 1.1)."""
_FRAGMENTED_SHARE = 0.8
_FRAGMENTED_REQUEST = 65536
_FULL = ("swiotlb-buffer-full", "dma-out-of-sw-iommu")
_NO_POOL = ("swiotlb-no-low-memory", "swiotlb-cannot-allocate", "swiotlb-cannot-allocate-old")


class SwiotlbOption(Struct, frozen=True):
    """One `swiotlb=` as the kernel reads it (guest-and-swiotlb 1.2).

    `slabs` is the number it begins with, None if with none; `digits` is that number as written. `word` is "force" or
    "noforce" where the kernel reads one; `unread` is what it passes over.
    """

    text: str
    digits: str
    slabs: int | None
    word: str
    unread: str
    is_cut: bool
    """The number ends where its digits seem to go on: a suffix, or `09`, which is 0."""
    place: Place

    @property
    def suffix(self) -> str:
        """A K, M or G right behind the number, which the kernel does not understand."""
        letter = self.unread[:1].upper()
        return letter if self.is_cut and letter in ("K", "M", "G") else ""

    @property
    def is_octal(self) -> bool:
        """A leading 0 gives the number another value than it seems to have."""
        return self.digits.isdecimal() and self.slabs != int(self.digits)

    @property
    def rounded(self) -> int:
        """The slabs of the pool: whole slot sets."""
        return -(-(self.slabs or 0) // _SET) * _SET

    @property
    def meant(self) -> int:
        """The slabs that its number and suffix seem to ask for."""
        slabs = self.slabs or 0
        return int(slabs * _SLABS_PER_UNIT[self.suffix]) if self.suffix else slabs

    @property
    def claimed_mib(self) -> int | None:
        """The size that manuals give for this number by mistake."""
        return _MISREAD.get(self.slabs or 0)


class Swiotlb(Fact, frozen=True):
    """The bounce buffer pool: what was asked for, what the kernel mapped; 1 slab = 2 KiB (guest-and-swiotlb 1.1)."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    options: tuple[SwiotlbOption, ...]
    """Every `swiotlb=` of the command line, in order."""
    mapped_mib: int | None
    """What the log says that the kernel mapped."""
    kernel_has_rule: bool | None
    """This kernel sizes the pool by the guest's memory unless a number is given; None where nothing tells."""
    size_mib: int | None
    """What the log says, else what the number comes to, else what old kernels give; None where nothing tells."""
    size_seen: tuple[Place, ...]
    place: Place

    @property
    def sized_by(self) -> SwiotlbOption | None:
        """The option whose number counts: the last that has one."""
        return next((one for one in reversed(self.options) if one.slabs is not None), None)

    @property
    def is_automatic(self) -> bool | None:
        """The kernel sized it by the guest's memory; None where nothing tells."""
        asked = self.sized_by
        return self.kernel_has_rule if asked is None or asked.rounded == DEFAULT_SLABS else False

    @property
    def forbidden_by(self) -> SwiotlbOption | None:
        """An option that says `noforce`: the words of all options add up, a later one takes none back."""
        return next((one for one in self.options if one.word == "noforce"), None)


class PoolTrouble(Struct, frozen=True):
    """What a log says of a pool that does not suffice. `full` and `too_large` are lines of failed transfers."""

    no_pool: Line | None
    too_large: tuple[Line, ...]
    """More at once than any pool gives."""
    full: tuple[Line, ...]
    total: int
    """The pool's slabs; 0 where nothing tells."""
    larger: int | None
    """A pool that would help; None where none can be had."""

    @staticmethod
    def of(log: KernelLog, pool: Swiotlb | None, memory_kib: int | None) -> PoolTrouble:
        """Of these lines, this pool and this memory."""
        lines = [line for card in _FULL for line in log.all(card)]
        full = tuple(line for line in lines if line.number("sz") <= LARGEST_REQUEST)
        mapped = pool.mapped_mib or 0 if pool is not None else 0
        total = max((line.number("total") for line in full), default=0) or mapped * SLABS_PER_MIB
        larger = possible_slabs(max(total, DEFAULT_SLABS) * 2, memory_kib)
        can_grow = larger > total and log.last("swiotlb-halved") is None
        return PoolTrouble(
            no_pool=log.last(*_NO_POOL),
            too_large=tuple(line for line in lines if line.number("sz") > LARGEST_REQUEST),
            full=full,
            total=total,
            larger=larger if can_grow else None,
        )

    @property
    def times(self) -> int:
        """How often the pool was full: late 4.x kernels tell of one event with both lines (guest-and-swiotlb 2.1)."""
        return max(sum(line.card == card for line in self.full) for card in _FULL)

    @property
    def is_fragmented(self) -> bool:
        """Each request was large and the pool not used up: it fails long before (guest-and-swiotlb 1.7)."""
        return all(
            line.number("total") > 0
            and line.number("used") / line.number("total") < _FRAGMENTED_SHARE
            and line.number("sz") >= _FRAGMENTED_REQUEST
            for line in self.full
        )


def ruled_mib(memory_kib: int) -> int:
    """What the kernel's own rule gives a guest of this memory, at least.

    MemTotal lacks the pool and what firmware took: the kernel's own pool is never below 6 % of it.
    """
    return min(_RULE_LARGEST, max(_RULE_SMALLEST, int(memory_kib / 1024 * _RULE_SHARE)))


def size_of(slabs: int) -> str:
    """Slabs as a size to print."""
    return f"{slabs // SLABS_PER_MIB} MiB" if slabs >= SLABS_PER_MIB else f"{slabs * 2} KiB"


def possible_slabs(wanted: int, memory_kib: int | None) -> int:
    """The pool to advise: what can be had below 4 GiB, and a quarter of memory at most (guest-and-swiotlb 1.4)."""
    share = memory_kib // 2 // _LARGEST_SHARE if memory_kib is not None else LARGEST_SLABS
    power = 1 << max(share, 1).bit_length() - 1
    return min(wanted, LARGEST_SLABS, power)

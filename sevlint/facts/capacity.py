"""How many guests fit: what tools print of the ASIDs, what cgroups allow, and who takes from which pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from sevlint.facts.amd import Pool
from sevlint.facts.base import Fact, Reading
from sevlint.model import Goal, Level, Place
from sevlint.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevlint.facts.kernel import ModuleParameters


class ToolAsids(Reading, frozen=True):
    """CPUID 8000001F as a tool printed it: ECX is the highest ASID, EDX the first of plain SEV (amd-host 7.1).

    Both are None where the tool did not come so far.
    """

    LEVEL: ClassVar[Level] = Level.MACHINE
    highest: int | None
    first_of_sev: int | None
    place: Place


class MiscFile(Reading, frozen=True):
    """A misc.max, misc.events or misc.current: each key with its number, None for `max` (amd-host 4.2)."""

    LEVEL: ClassVar[Level] = Level.HOST
    kind: str
    """"max", "events" or "current"."""
    cgroup: str
    """Below /sys/fs/cgroup; "" for the root."""
    entries: tuple[tuple[str, int | None, Place], ...]
    place: Place


class CgroupCount(Struct, frozen=True):
    """A number that a cgroup has for a key: its limit, or how many launches it refused."""

    cgroup: str
    key: str
    number: int
    place: Place

    @property
    def holds_all(self) -> bool:
        """The slice of all VMs, as opposed to one VM's own cgroup, or that of some."""
        return "/" not in self.cgroup

    @property
    def path(self) -> str:
        """The file on the host."""
        return f"/{self.place.path.lstrip('/')}"


class RefusedLaunch(Fact, frozen=True):
    """Whether a domain's newest start was refused with EBUSY: no ASID left, or a cgroup's limit (amd-host 6 EBUSY)."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    key: str
    """What cgroups charge the guest to; "" where nothing tells the kind of guest."""
    place: Place | None
    """QEMU's line; None where no log shows one."""


class AsidCgroups(Fact, frozen=True):
    """The misc controller of the cgroups that hold VMs. `whole`: limits and events of their topmost were read."""

    LEVEL: ClassVar[Level] = Level.HOST
    limits: tuple[CgroupCount, ...]
    refused: tuple[CgroupCount, ...]
    current: tuple[MiscFile, ...]
    whole: bool
    place: Place | None
    """None where no cgroup of VMs has the controller."""
    launches: tuple[RefusedLaunch, ...] = ()
    """Newest starts that a limit may have refused."""

    def taken(self, cgroup: str, key: str) -> int | None:
        """What this cgroup and those below it have taken, 0 for a key that is not printed; None: not collected."""
        file = next((one for one in self.current if one.cgroup == cgroup), None)
        if file is None:
            return None
        return next((count for name, count, _ in file.entries if name == key and count is not None), 0)


class AsidUse(Fact, frozen=True):
    """The root's misc.current: ASIDs taken by every VMM of the host."""

    LEVEL: ClassVar[Level] = Level.HOST
    entries: tuple[tuple[str, int, Place], ...]
    place: Place

    def get(self, key: str) -> tuple[int, Place]:
        """What is taken of a key; a key that is not printed has none (amd-host 4.2)."""
        return next(((count, place) for name, count, place in self.entries if name == key), (0, self.place))


class AsidShare(Struct, frozen=True):
    """One pool with the guests that take from it, each by the place of its launchSecurity."""

    goals: tuple[Goal, ...]
    words: str
    pool: Pool | None
    defined: tuple[Place, ...]
    busy: tuple[Place, ...]
    """Those that run or start with the host."""
    may_split: bool = False
    """Ciphertext hiding may split the pool, and nothing tells: that many guests of both kinds need not fit."""

    @property
    def key(self) -> str:
        """What cgroups charge its guests to: SEV-SNP has no key of its own (amd-host 4.2)."""
        return "sev" if self.goals == (Goal.SEV,) else "sev_es"

    def taken(self, use: AsidUse | None) -> tuple[int, Place] | None:
        """What every VMM together has taken; None where nothing tells.

        misc.current charges SEV-SNP to sev_es: of the halves of a pool that ciphertext hiding splits it says nothing.
        """
        if use is None or self.goals in ((Goal.SEV_ES,), (Goal.SEV_SNP,)):
            return None
        return use.get(self.key)


class AsidDemand(Fact, frozen=True):
    """Every pool, and what the host's domains take of it. Only ciphertext hiding gives SEV-SNP one of its own."""

    LEVEL: ClassVar[Level] = Level.HOST
    shares: tuple[AsidShare, ...]
    disagree: tuple[Place, ...]
    """Sources of the pools' sizes that contradict each other."""

    def busy(self, key: str) -> tuple[Place, ...]:
        """The guests that a cgroup charges to this key, of those that run or start with the host."""
        return tuple(place for share in self.shares if share.key == key for place in share.busy)

    def of(self, goal: Goal) -> AsidShare:
        """The pool of a goal."""
        return next(share for share in self.shares if goal in share.goals)


def with_limit(counts: Sequence[CgroupCount], limits: Sequence[CgroupCount]) -> tuple[CgroupCount, CgroupCount | None]:
    """The first of these counts whose cgroup has one of the limits, with it; else the first by itself."""
    pairs = ((one, limit) for one in counts for limit in limits if limit.cgroup == one.cgroup)
    return next(pairs, (counts[0], None))


def asids(number: int) -> str:
    """`1 ASID`, `2 ASIDs`."""
    return f"{number} ASID{'s' * (number != 1)}"


UNSPLIT = (
    "ciphertext hiding may split the ASIDs of SEV-ES and SEV-SNP guests, and nothing tells",
    ("sys/module/kvm_amd/parameters/ciphertext_hiding_asids", "cmd/dmesg"),
)
"""Why it is open how many guests of each kind fit, and what to collect."""


def hidden_asids(parameters: ModuleParameters | None) -> tuple[int, Place] | None:
    """How many ASIDs KVM granted to ciphertext hiding, and where it says so (amd-host 7.4)."""
    found = parameters.get("kvm_amd", "ciphertext_hiding_asids") if parameters is not None else None
    granted = number(found.value) if found is not None else None
    return (granted, found.place) if found is not None and granted is not None else None

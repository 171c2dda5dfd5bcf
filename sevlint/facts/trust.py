"""What the trust in a host stands on: SEV firmware, the PSP's fuses, and AMD's bulletins (amd-host 4.4, 8)."""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec import Struct, field

from sevlint.facts.base import Fact, Reading
from sevlint.model import Level, Place

_PI = r"(?i:(Naples|Rome|Milan|Genoa|Turin) ?PI[ _-]?([0-9]\.[0-9]\.[0-9]\.[0-9A-Za-z])(?![0-9A-Za-z]))"


class SevFirmware(Fact, frozen=True):
    """The SEV firmware that runs, as the driver printed it: API 1.55, build 22 is (1, 55, 22) (amd-host 5.2 #36)."""

    LEVEL: ClassVar[Level] = Level.HOST
    version: tuple[int, int, int]
    place: Place
    has_snp: bool = False
    """Its last start was one for SEV-SNP too: the driver printed `SEV-SNP API:` (amd-host 5.2 #37)."""

    @property
    def text(self) -> str:
        """As bulletins write it: "1.55.22"."""
        return ".".join(map(str, self.version))


class PspAttribute(Reading, frozen=True):
    """One file of the PCI device that the ccp driver is bound to; only that driver makes files of these names."""

    LEVEL: ClassVar[Level] = Level.HOST
    device: str
    name: str
    value: str
    place: Place


class PspSecurity(Fact, frozen=True):
    """What each PSP says of itself. A part that does not report it has no such files (amd-host 4.4)."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[PspAttribute, ...]

    def all(self, name: str) -> tuple[PspAttribute, ...]:
        """One attribute of every PSP: a machine of two sockets has two."""
        return tuple(item for item in self.items if item.name == name)


class MemoryEnd(Fact, frozen=True):
    """The first byte behind the last System RAM of /proc/iomem: what there is now, hot-added memory too."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    end: int
    place: Place


class Minimum(Struct, frozen=True, forbid_unknown_fields=True):
    """What a generation needs: SEV firmware ("1.55.22") or platform initialisation code ("MilanPI 1.0.0.D")."""

    firmware: str = ""
    pi: str = ""


class Bulletin(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One published fault. `minima` by generation; `microcode`: the last bad revision, by CPU."""

    id: str
    name: str
    bulletins: tuple[str, ...]
    cves: tuple[str, ...]
    date: str
    source: str
    minima: dict[str, Minimum] = field(default_factory=dict)
    microcode: dict[str, str] = field(default_factory=dict)
    unfixed: tuple[str, ...] = ()
    """Generations for which no fix is known."""
    refuses_from: str = ""

    @property
    def label(self) -> str:
        """ "BadRAM, AMD-SB-3015 of 2026-06-10" """
        return f"{self.name}, {self.bulletins[0]} of {self.date}"

    @property
    def needs_pi(self) -> bool:
        """Whether nothing but the BIOS's own code tells if it is mended."""
        return bool(self.minima) and not self.microcode and not any(one.firmware for one in self.minima.values())


class AmdBulletins(Fact, frozen=True):
    """The shipped data file of AMD's bulletins."""

    LEVEL: ClassVar[Level] = Level.HOST
    checked: str
    bulletins: tuple[Bulletin, ...]

    def get(self, identity: str) -> Bulletin:
        """One entry. Raises StopIteration where the data file has none of this id."""
        return next(one for one in self.bulletins if one.id == identity)


def platform_code(text: str) -> tuple[str, tuple[str, ...]] | None:
    """ "MilanPI 1.0.0.D" -> ("milan", ("1", "0", "0", "D")); None where the text names none (amd-host 8)."""
    found = re.search(_PI, text)
    return (found.group(1).lower(), tuple(found.group(2).upper().split("."))) if found is not None else None


def version(text: str) -> tuple[int, ...]:
    """ "1.55.22" -> (1, 55, 22)"""
    return tuple(int(part) for part in text.split("."))

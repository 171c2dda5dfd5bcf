"""/proc/cpuinfo (amd-host 1, intel-tdx 1)."""

from __future__ import annotations

import re
from typing import ClassVar

from sevlint.facts.base import Fact
from sevlint.model import Level, Place


class Cpuinfo(Fact, frozen=True):
    """The first processor block; `processors` counts them. `flags` is the flags line as a set of words."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    vendor: str
    family: int
    model: int
    stepping: int
    model_name: str
    flags: frozenset[str]
    bugs: frozenset[str]
    microcode: int | None
    physical_bits: int | None
    processors: int
    place: Place
    flags_place: Place
    model_place: Place
    bits_place: Place | None = None
    microcode_place: Place | None = None
    smt: bool | None = None
    """More threads than cores; None where it does not say."""
    sockets: int | None = None
    """How many physical ids there are; None where it names none."""

    @property
    def is_amd(self) -> bool:
        """AuthenticAMD, or Hygon which is no EPYC."""
        return self.vendor == "AuthenticAMD"

    @property
    def is_intel(self) -> bool:
        """GenuineIntel."""
        return self.vendor == "GenuineIntel"

    @property
    def is_epyc(self) -> bool:
        """By name: families are shared with Ryzen and Threadripper (amd-host 1.3)."""
        return self.is_amd and "EPYC" in self.model_name

    @property
    def in_vm(self) -> bool:
        """The `hypervisor` flag: this kernel runs in a VM."""
        return "hypervisor" in self.flags

    @property
    def microcode_key(self) -> int:
        """Family, model and stepping as a microcode revision holds them above its last eight bits (amd-host 8.2)."""
        return (self.family - 15 << 16) | (self.model >> 4 << 12) | ((self.model & 15) << 4) | self.stepping

    @property
    def is_amd_host(self) -> bool:
        """An AMD CPU that this kernel has to itself."""
        return self.is_amd and not self.in_vm

    @property
    def generation(self) -> str:
        """ "naples", "rome", "milan", "genoa", "bergamo" (also Siena), "turin", or "" (amd-host 1.3)."""
        if not self.is_epyc:
            return ""
        if self.family == 0x17:
            # EPYC 3000 (embedded) is family 17h model 1 too, and has no working SEV firmware (amd-host 1.3)
            is_naples = self.model == 0x01 and re.search(r"EPYC 7\w\w1", self.model_name) is not None
            return "naples" if is_naples else "rome" if self.model == 0x31 else ""
        if self.family == 0x19:
            return {0x0: "milan", 0x1: "genoa", 0xA: "bergamo"}.get(self.model >> 4, "")
        if self.family == 0x1A and self.model <= 0x11:
            return "turin"
        return ""


_MODELS = {
    "naples": (0x17, 0x01, "AMD EPYC 7601", ("sev",)),
    "rome": (0x17, 0x31, "AMD EPYC 7742", ("sev", "sev_es")),
    "milan": (0x19, 0x01, "AMD EPYC 7763", ("sev", "sev_es", "sev_snp")),
    "genoa": (0x19, 0x11, "AMD EPYC 9654", ("sev", "sev_es", "sev_snp")),
    "bergamo": (0x19, 0xA0, "AMD EPYC 9754", ("sev", "sev_es", "sev_snp")),
    "siena": (0x19, 0xA0, "AMD EPYC 8534P", ("sev", "sev_es", "sev_snp")),
    "turin": (0x1A, 0x02, "AMD EPYC 9755", ("sev", "sev_es", "sev_snp")),
}
"""Generation -> family, model, a name, the flags that a kernel shows on it (amd-host 1.3)."""


def of_generation(name: str, place: Place) -> Cpuinfo:
    """What a processor of this generation of EPYC shows on a host that is set up for all that it can."""
    family, model, model_name, flags = _MODELS[name]
    shown = frozenset(("svm", *flags))
    return Cpuinfo("AuthenticAMD", family, model, 0, model_name, shown, frozenset(), None, None, 0, place, place, place)

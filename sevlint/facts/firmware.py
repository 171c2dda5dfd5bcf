"""Firmware descriptors: the files by which libvirt knows what a host's firmware images can do (libvirt-qemu 2.3)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

from sevlint.facts.base import Fact, Reading
from sevlint.model import Goal, Level, Place

if TYPE_CHECKING:
    from sevlint.facts.domain import Domain

_NEEDED = {
    Goal.SEV: frozenset({"amd-sev"}),
    Goal.SEV_ES: frozenset({"amd-sev", "amd-sev-es"}),
    Goal.SEV_SNP: frozenset({"amd-sev-snp"}),
    Goal.TDX: frozenset({"intel-tdx"}),
}


class FirmwareDescriptor(Reading, frozen=True):
    """One descriptor. `device`: flash or memory; an empty file (`masks`) hides the one of its name."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    masks: bool
    interfaces: tuple[str, ...]
    device: str
    filename: str
    """The image; of flash the part that is executed."""
    targets: tuple[tuple[str, tuple[str, ...]], ...]
    """(architecture, globs of machines)."""
    features: frozenset[str]
    place: Place
    mode: str = ""
    """Of flash: split, combined or stateless."""

    def offers(self, goal: Goal) -> bool:
        """Whether it has the features that libvirt asks for."""
        return _NEEDED[goal] <= self.features

    def fits(self, domain: Domain, *, whatever_machine: bool = False, whatever_it_can: bool = False) -> bool:
        """Whether libvirt may take it for a domain that leaves the choice to it, apart from launch security."""
        firmware = domain.firmware
        if not whatever_it_can and self.unmet(domain):
            return False
        needs_smm = "requires-smm" in self.features
        if (needs_smm and domain.smm is False) or (firmware.secure and not needs_smm):
            return False
        if "uefi" not in self.interfaces or firmware.loader_type not in ("", _LOADER_TYPE.get(self.device)):
            return False
        asked = {one.name: one.state == "yes" for one in firmware.features}
        if any((name in self.features) != wanted for name, wanted in asked.items()):
            return False
        machine = _ALIASES.get(domain.machine, domain.machine)
        arch = domain.arch or "x86_64"
        machines = (glob for name, globs in self.targets if name == arch for glob in globs)
        return any(whatever_machine or fnmatchcase(machine, glob) for glob in machines)

    def unmet(self, domain: Domain) -> str:
        """What the domain asks of its firmware and this one is not; "" for nothing."""
        if domain.firmware.stateless and self.device == "flash" and self.mode != "stateless":
            return "keeps no variables (stateless)"
        if self.device == "flash" and (domain.firmware.readonly == "no") is not (self.mode == "combined"):
            return "may be written to (combined)" if domain.firmware.readonly == "no" else "is not to be written to"
        for setting, feature in ((domain.suspend_to_mem, "acpi-s3"), (domain.suspend_to_disk, "acpi-s4")):
            if setting is not None and setting.text == "yes" and feature not in self.features:
                return f"can suspend ({feature})"
        return ""


_LOADER_TYPE = {"flash": "pflash", "memory": "rom"}
_ALIASES = {"q35": "pc-q35-0", "pc": "pc-i440fx-0", "": "pc-i440fx-0"}
"""What libvirt makes of a machine without a version, and of none."""


class FirmwareDescriptors(Fact, frozen=True):
    """Those that count, in libvirt's order: by name, and of one name that in /etc. `unread`: how many are not known."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[FirmwareDescriptor, ...]
    unread: int
    place: Place
    """Where they lie."""

"""Firmware, DMI, distribution, packages, versions and memory of a machine."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.model import Level, Place

_VIRTUAL = (
    "QEMU",
    "KVM",
    "VMware",
    "VirtualBox",
    "Virtual Machine",
    "Bochs",
    "OpenStack",
    "RHEV",
    "oVirt",
    "Google Compute Engine",
)


class FirmwareBoot(Fact, frozen=True):
    """Whether the machine was booted by UEFI, and what proves it. A Gap where nothing proves either."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    uefi: bool
    place: Place


class DmiField(Reading, frozen=True):
    """One file below /sys/class/dmi/id."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    name: str
    value: str
    place: Place


class Dmidecode(Reading, frozen=True):
    """The output of dmidecode: the fields of its BIOS and System tables, named as below /sys/class/dmi/id."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    fields: tuple[tuple[str, str], ...]
    place: Place


class RunningKernel(Reading, frozen=True):
    """`uname -a`, or /proc/sys/kernel/osrelease, which does not tell of 32 bits."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    release: str
    place: Place
    is_32_bit: bool = False


class MiscDevices(Reading, frozen=True):
    """/proc/misc: every registered misc character device, whether or not its node was collected."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    names: tuple[tuple[str, Place], ...]
    place: Place

    def get(self, name: str) -> Place | None:
        """The line of a device."""
        return dict(self.names).get(name)


class Dmi(Fact, frozen=True):
    """DMI identity; empty strings where a field was not collected."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    sys_vendor: str
    product_name: str
    bios_vendor: str
    bios_version: str
    bios_date: str
    product_uuid: str
    place: Place
    bios_place: Place | None = None
    """Where `bios_version` stands."""

    @property
    def is_virtual(self) -> bool:
        """A virtual machine by its DMI names."""
        text = f"{self.sys_vendor} {self.product_name}"
        return any(word in text for word in _VIRTUAL)


class OsRelease(Fact, frozen=True):
    """The distribution, from os-release."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    id: str
    id_like: tuple[str, ...]
    version_id: str
    pretty_name: str
    place: Place
    variant_id: str = ""

    @property
    def is_ostree(self) -> bool:
        """An image-based variant, whose kernel arguments are kept by rpm-ostree."""
        return self.variant_id in ("coreos", "iot", "silverblue", "kinoite") or "CoreOS" in self.pretty_name

    def is_like(self, *ids: str) -> bool:
        """Whether the distribution is, or descends from, one of these."""
        return self.id in ids or any(one in ids for one in self.id_like)


class Package(Struct, frozen=True):
    """One installed package; `version` without epoch and without the distribution's release."""

    name: str
    version: str
    release: str
    place: Place


class Packages(Fact, frozen=True):
    """Installed packages, of rpm or dpkg; only those that matter to sevlint are kept."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    manager: str
    items: tuple[Package, ...]
    place: Place

    def newest(self, *names: str) -> Package | None:
        """The first of these names that is installed (the last of its versions)."""
        for name in names:
            found = [item for item in self.items if item.name == name]
            if found:
                return found[-1]
        return None


class Component(Struct, frozen=True):
    """A version with the place that says it: 9.1.0 is (9, 1, 0)."""

    version: tuple[int, ...]
    text: str
    place: Place


class StackVersions(Fact, frozen=True):
    """QEMU, libvirt and OVMF of a host: from packages; what a running VM's log says is the VM's own (QemuLog)."""

    LEVEL: ClassVar[Level] = Level.HOST
    qemu: Component | None
    libvirt: Component | None
    place: Place
    ovmf: Component | None = None
    """Its version is the year and month of the edk2 release; `text` is as the package has it."""


class Meminfo(Fact, frozen=True):
    """/proc/meminfo; KiB."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    total_kib: int
    place: Place


class FileListing(Reading, frozen=True):
    """One entry of a listing, or a file's own stat: existence, permission bits, owner names or numbers."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    path: str
    kind: str
    """"file", "directory", "device", "link"."""
    mode: int | None
    owner: str
    group: str
    place: Place
    acl: bool = False
    """`ls` shows a `+`: an access list gives more than the mode says."""
    label: str = ""
    """The type of its SELinux label, as `ls -Z` shows it."""


class ListedDirectory(Reading, frozen=True):
    """A recursive listing (`ls -lR`) of a directory such as /dev or /sys/firmware."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    root: str
    entries: tuple[FileListing, ...]
    place: Place

    def find(self, path: str) -> FileListing | None:
        """An entry by its path without the leading slash."""
        for entry in self.entries:
            if entry.path == path:
                return entry
        return None

"""A libvirt domain: `Domain` is free of its dialect, `DomainXml` is about spelling and structure of the XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import Gap, Goal, Level, Place, View

_UEFI_NAME = re.compile(r"ovmf|edk2|tdvf|uefi")
_BIOS_NAME = re.compile(r"^(?:vga)?bios|seabios|qboot")


def escape(text: str) -> str:
    """Text of a domain as it stands in an XML fragment, also between quotes."""
    return text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})


class LaunchSecurity(Struct, frozen=True):
    """`<launchSecurity>`. `goal` is None for a type that libvirt does not know; sev with policy bit 2 is SEV-ES.

    `policy` is the number libvirt reads (base 16 always), None if absent or unreadable; `policy_text` as written.
    """

    type: str
    goal: Goal | None
    policy: int | None
    policy_text: str
    kernel_hashes: bool | None
    cbitpos: str
    reduced_phys_bits: str
    place: Place
    type_place: Place
    policy_place: Place | None


class Firmware(Struct, frozen=True):
    """`<os>`'s firmware in libvirt's terms; empty strings where an attribute is not set."""

    autoselect: str
    """`os/@firmware`: "efi", "bios" or ""."""
    loader: str
    loader_type: str
    loader_format: str
    secure: bool
    stateless: bool
    nvram: str
    nvram_template: str
    nvram_format: str
    has_nvram: bool
    place: Place
    """The `<os>` element, or `<domain>`."""
    loader_place: Place | None
    nvram_place: Place | None

    @property
    def is_uefi(self) -> bool:
        """UEFI by the image's name whatever its loader type; without one autoselected EFI or flash (libvirt-qemu 2.4).

        SeaBIOS is known by its files; an image with any other name may be a site's own OVMF.
        """
        name = self.loader.rsplit("/", 1)[-1].lower()
        if name:
            return bool(_UEFI_NAME.search(name)) or not _BIOS_NAME.search(name)
        return self.autoselect == "efi" or (self.loader_type == "pflash" and self.autoselect != "bios")


class Disk(Struct, frozen=True):
    """One disk; `queues` and `queue_size` are None where libvirt's or QEMU's default holds."""

    bus: str
    queues: int | None
    queue_size: int | None
    place: Place


class Nic(Struct, frozen=True):
    """One network interface."""

    model: str
    queues: int | None
    place: Place


class Domain(Fact, frozen=True):
    """One configuration of a domain. Sizes in KiB; `machine` as written ("q35", "pc-i440fx-9.0")."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    name: str
    uuid: str
    view: View
    type: str
    arch: str
    machine: str
    launch_security: LaunchSecurity | None
    firmware: Firmware
    smm: bool | None
    smm_place: Place | None
    acpi: bool
    memory_kib: int | None
    vcpus: int | None
    cpu_mode: str
    cpu_model: str
    kernel: str
    emulator: str
    locked: bool
    hard_limit_kib: int | None
    hugepages: bool
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    running: bool
    """A live configuration with an id."""
    place: Place


class RunningDomain(Domain, frozen=True):
    """The configuration that the VM runs with: its QEMU's, else its live XML. A rule that compares asks for both."""


class DomainXml(Fact, frozen=True):
    """A domain's XML as text: what rules about spelling and structure ask for.

    `launch_elements` holds every child that looks like launchSecurity, whatever its spelling: (tag, type, place).
    """

    LEVEL: ClassVar[Level] = Level.DOMAIN
    path: str
    root: str
    launch_elements: tuple[tuple[str, str, Place], ...]
    place: Place


class FoundDomain(Struct, frozen=True):
    """What the XML dialect found in one file: one for each `<domain>` element; `xml` is a Gap for a broken file.

    `read` gives the Domain; it is called when a rule first asks, which for a plain domain outside a host is never:
    a repository holds a thousand of them, and a commit hook must not pay for each.
    """

    name: str
    uuid: str
    view: View
    ordinal: int
    xml: DomainXml | Gap
    read: Callable[[], Domain | Gap]


class AutostartedDomains(Fact, frozen=True):
    """The domains that libvirt starts with the host: the links in /etc/libvirt/qemu/autostart."""

    LEVEL: ClassVar[Level] = Level.HOST
    names: frozenset[str]

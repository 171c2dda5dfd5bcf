"""DMI, firmware, versions of the stack, and what was collected of /dev."""

from __future__ import annotations

import re

from sevlint.facts.domain import AutostartedDomains
from sevlint.facts.log import KernelLog
from sevlint.facts.platform import (
    Component,
    Dmi,
    Dmidecode,
    DmiField,
    FileListing,
    FirmwareBoot,
    ListedDirectory,
    Packages,
    StackVersions,
)
from sevlint.model import Gap, GapReason, Place
from sevlint.rule import combiner

_QEMU = (
    "qemu-kvm-core",
    "qemu-kvm",
    "qemu-kvm-rhev",
    "qemu-kvm-ev",
    "qemu-system-x86-core",
    "qemu-system-x86",
    "qemu-system-x86-hwe",
    "qemu-x86",
    "qemu-system-s390x",
    "pve-qemu-kvm",
)
_LIBVIRT = (
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon",
    "libvirt-daemon-qemu",
    "libvirt-daemon-system",
    "libvirt-daemon-common",
)
"""Packages of the daemon: a client's library alone says nothing of what starts guests here."""
_OVMF = (
    "edk2-ovmf",
    "ovmf-amdsev",
    "ovmf",
    "ovmf-generic",
    "qemu-ovmf-x86_64",
    "pve-edk2-firmware-ovmf",
    "pve-edk2-firmware",
)
_MONTH = re.compile(r"(?<![0-9])(20[0-9]{2})\.?(0[1-9]|1[0-2])")
""" "20240524", "202405", "2024.05", "20221207gitfff6d81270b5": year and month of the release that was packaged."""


@combiner
def dmi(fields: tuple[DmiField, ...], table: Dmidecode | None, log: KernelLog | None) -> Dmi | Gap:
    """The files below /sys/class/dmi/id, else dmidecode, else the log's `DMI: VENDOR PRODUCT, BIOS VERSION DATE`."""
    values = {field.name: field.value for field in fields}
    if table is not None:
        values = {**dict(table.fields), **values}
    if values:
        names = ("sys_vendor", "product_name", "bios_vendor", "bios_version", "bios_date", "product_uuid")
        place = fields[0].place if fields or table is None else table.place
        bios_place = next((field.place for field in fields if field.name == "bios_version"), None)
        return Dmi(**{name: values.get(name, "") for name in names}, place=place, bios_place=bios_place)
    line = log.last("dmi-line") if log is not None else None
    if line is None:
        return Gap(("sys/class/dmi/id/product_name",), GapReason.ABSENT)
    names_text, _, bios = line.get("dmi").partition(", BIOS ")
    product = re.split(r"/|,", names_text)[0]
    version, _, date = bios.rpartition(" ")
    return Dmi("", product, "", version, date, "", line.place)


@combiner
def firmware_boot(
    files: tuple[FileListing, ...], listings: tuple[ListedDirectory, ...], log: KernelLog | None
) -> FirmwareBoot | Gap:
    """/sys/firmware/efi is there; a listing of /sys/firmware without it is the proof of a legacy boot."""
    for file in files:
        if file.path == "sys/firmware/efi":
            return FirmwareBoot(True, file.place)
    for listing in listings:
        if listing.root != "sys":
            continue
        entry = next((one for one in listing.entries if one.path.startswith("sys/firmware/efi")), None)
        if entry is not None:
            return FirmwareBoot(True, entry.place)
        if any(one.path == "sys/firmware/acpi" for one in listing.entries):
            return FirmwareBoot(False, listing.place)
    line = log.last("efi-booted") if log is not None else None
    if line is not None:
        return FirmwareBoot(True, line.place)
    return Gap(("cmd/ls-sys-firmware",), GapReason.ABSENT)


@combiner
def stack_versions(packages: Packages) -> StackVersions | Gap:
    """QEMU, libvirt and OVMF of the package list."""
    qemu, libvirt = _component(packages, _QEMU), _component(packages, _LIBVIRT)
    if qemu is None and libvirt is None:
        return Gap((packages.place.path,), GapReason.UNDECIDED, "lists neither QEMU nor libvirt", packages.place)
    return StackVersions(qemu, libvirt, packages.place, _ovmf(packages))


def _ovmf(packages: Packages) -> Component | None:
    found = packages.newest(*_OVMF)
    month = _MONTH.search(found.version) if found is not None else None
    if found is None or month is None:
        return None
    return Component((int(month.group(1)), int(month.group(2))), found.version, found.place)


def _component(packages: Packages, names: tuple[str, ...]) -> Component | None:
    found = packages.newest(*names)
    if found is None:
        return None
    numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", found.version)
    if numbers is None:
        return None
    version = tuple(int(number) for number in numbers.groups() if number is not None)
    return Component(version, ".".join(map(str, version)), found.place)


@combiner
def autostarted_domains(files: tuple[FileListing, ...]) -> AutostartedDomains:
    """Links below /etc/libvirt/qemu/autostart, whether or not their targets were collected."""
    links = (file.path for file in files if file.path.startswith("etc/libvirt/qemu/autostart/"))
    return AutostartedDomains(frozenset(path.rsplit("/", 1)[-1].removesuffix(".xml") for path in links))


def nothing_at(place: Place, what: str) -> Place:
    """A listing, as the proof that something is not in it."""
    return Place(place.path, place.line, note=f"lists no {what}", source=place.source)

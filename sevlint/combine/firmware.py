"""Which firmware descriptors count on a host."""

from __future__ import annotations

from msgspec import structs

from sevlint.facts.firmware import FirmwareDescriptor, FirmwareDescriptors
from sevlint.model import Gap, GapReason
from sevlint.rule import combiner


@combiner
def firmware_descriptors(found: tuple[FirmwareDescriptor | Gap, ...]) -> FirmwareDescriptors | Gap:
    """By name; a file in /etc replaces the one of its name, and an empty one hides it (libvirt-qemu 2.3)."""
    known = [one for one in found if isinstance(one, FirmwareDescriptor)]
    if not known:
        wanted = ("usr/share/qemu/firmware/*.json", "etc/qemu/firmware/*.json")
        return Gap(wanted, GapReason.UNREADABLE if found else GapReason.ABSENT)
    by_name: dict[str, FirmwareDescriptor] = {}
    for one in sorted(known, key=lambda one: one.path.startswith("etc/")):
        by_name[one.path.rsplit("/", 1)[-1]] = one
    items = tuple(by_name[name] for name in sorted(by_name) if not by_name[name].masks)
    first = known[0]
    place = structs.replace(
        first.place, path=first.path.rpartition("/")[0], line=None, note="the files of this directory"
    )
    return FirmwareDescriptors(items, len(found) - len(known), place)

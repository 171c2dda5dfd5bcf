"""Who may open /dev/sev, and how much memory QEMU may lock (amd-host 4.3, 7.3; libvirt-qemu 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.model import Level, Place

if TYPE_CHECKING:
    from sevlint.facts.amd import DevSev

_READ_WRITE = 0o6


class ConfSetting(Struct, frozen=True):
    """One setting of a file in libvirt's own syntax: a number, a string or a list of strings."""

    name: str
    values: tuple[str, ...]
    place: Place


class LibvirtSettings(Struct, frozen=True):
    """The settings of one such file; of one that stands twice the last counts."""

    items: tuple[ConfSetting, ...]

    def get(self, name: str) -> ConfSetting | None:
        """The setting of this name, None where libvirt's default holds."""
        return next((one for one in reversed(self.items) if one.name == name), None)

    def set_to(self, name: str, *values: str) -> ConfSetting | None:
        """The setting of this name where it has one of these values."""
        found = self.get(name)
        return found if found is not None and found.values[:1] and found.values[0] in values else None


class QemuConf(Reading, frozen=True):
    """/etc/libvirt/qemu.conf; empty strings where libvirt's default holds."""

    LEVEL: ClassVar[Level] = Level.HOST
    user: str
    group: str
    user_place: Place | None
    no_namespaces: Place | None
    """The line `namespaces = []`: libvirt then gives QEMU no device itself."""
    settings: LibvirtSettings
    place: Place


class QemuSettings(Fact, frozen=True):
    """What /etc/libvirt/qemu.conf sets for every VM (libvirt-qemu 4.3)."""

    LEVEL: ClassVar[Level] = Level.HOST
    settings: LibvirtSettings
    place: Place


class DaemonConf(Reading, frozen=True):
    """The configuration of one of libvirt's daemons."""

    LEVEL: ClassVar[Level] = Level.HOST
    settings: LibvirtSettings
    place: Place


class DaemonSettings(Fact, frozen=True):
    """How libvirt's daemons are reached, one for each file: libvirtd, virtproxyd, virtqemud (libvirt-qemu 4.4)."""

    LEVEL: ClassVar[Level] = Level.HOST
    daemons: tuple[LibvirtSettings, ...]
    place: Place


class GroupFile(Reading, frozen=True):
    """/etc/group: name, number, members."""

    LEVEL: ClassVar[Level] = Level.HOST
    groups: tuple[tuple[str, str, tuple[str, ...]], ...]
    place: Place


class PasswdFile(Reading, frozen=True):
    """/etc/passwd: name, and the number of its primary group."""

    LEVEL: ClassVar[Level] = Level.HOST
    users: tuple[tuple[str, str], ...]
    place: Place


class DeviceAcl(Reading, frozen=True):
    """The access list of /dev/sev: who may read and write beside owner, group and others."""

    LEVEL: ClassVar[Level] = Level.HOST
    users: frozenset[str]
    groups: frozenset[str]
    place: Place


class QemuAccess(Fact, frozen=True):
    """What QEMU runs as, and whether libvirt gives it /dev/sev itself (libvirt 5.1 and newer with a namespace).

    `gives` is None where nothing tells. `groups` holds the names of the user's groups, None where not known.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    gives: bool | None
    why: str
    user: str
    user_is_known: bool
    """qemu.conf was read; else it is the distribution's."""
    group: str
    groups: frozenset[str] | None
    acl: DeviceAcl | None
    place: Place

    def may_open(self, device: DevSev) -> bool | None:
        """Whether mode, owner, group and access list let QEMU's user read and write; None if not known."""
        if device.mode is None or not self.user:
            return None
        if self.user in ("root", "0") or _allows(device.mode):
            return True
        if self.acl is not None and (self.user in self.acl.users or self.acl.groups & (self.groups or frozenset())):
            return True
        if device.acl and self.acl is None:
            return None
        if device.owner == self.user:
            return _allows(device.mode >> 6)
        if not _allows(device.mode >> 3):
            return False
        if device.group == self.group:
            return True
        if self.groups is None or not device.group or device.group.isdecimal():
            return None
        return device.group in self.groups


def _allows(bits: int) -> bool:
    return bits & _READ_WRITE == _READ_WRITE


class UnitLimit(Reading, frozen=True):
    """`LimitMEMLOCK` of a unit file or drop-in, or of `systemctl show`; bytes, None for infinity."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    found: tuple[tuple[str, int | None, Place], ...]
    """(unit, bytes, place), in the file's order."""
    place: Place


class UnitMemlock(Fact, frozen=True):
    """How much a QEMU that libvirt's daemon starts may lock, unless the domain says otherwise; None: no limit."""

    LEVEL: ClassVar[Level] = Level.HOST
    unit: str
    limit: int | None
    place: Place


class LimitLine(Struct, frozen=True):
    """One `memlock` line of limits.conf."""

    who: str
    value: str
    place: Place


class LimitsFile(Reading, frozen=True):
    """The `memlock` lines of one file below /etc/security."""

    LEVEL: ClassVar[Level] = Level.HOST
    lines: tuple[LimitLine, ...]
    place: Place


class LoginLimits(Fact, frozen=True):
    """The `memlock` lines that PAM applies to logins, and to no systemd service."""

    LEVEL: ClassVar[Level] = Level.HOST
    lines: tuple[LimitLine, ...]
    place: Place

"""Who may open /dev/sev, and how much memory QEMU may lock."""

from __future__ import annotations

from sevlint.facts.access import (
    DaemonConf,
    DaemonSettings,
    DeviceAcl,
    GroupFile,
    LimitsFile,
    LoginLimits,
    PasswdFile,
    QemuAccess,
    QemuConf,
    QemuSettings,
    UnitLimit,
    UnitMemlock,
)
from sevlint.facts.platform import OsRelease, StackVersions
from sevlint.model import Gap, GapReason
from sevlint.rule import combiner

_GIVES_DEV_SEV = (5, 1)
_USERS = (
    (("debian", "ubuntu"), "libvirt-qemu"),
    (("fedora", "rhel", "centos", "suse", "opensuse", "sles"), "qemu"),
)
"""What distributions build libvirt to run QEMU as (libvirt-qemu 4.3)."""


@combiner
def qemu_access(
    versions: StackVersions | None,
    conf: QemuConf | None,
    os: OsRelease | None,
    groups: GroupFile | None,
    passwd: PasswdFile | None,
    acl: DeviceAcl | None,
) -> QemuAccess | Gap:
    """libvirt 5.1 and newer hands the device over, unless it makes no namespace for QEMU (amd-host 4.3)."""
    libvirt = versions.libvirt if versions is not None else None
    known = conf or os or libvirt
    if known is None:
        return Gap(("cmd/rpm-qa", "cmd/dpkg-l", "etc/libvirt/qemu.conf"), GapReason.ABSENT)
    gives, why, place = None, "the version of libvirt was not collected", known.place
    if conf is not None and conf.no_namespaces is not None:
        gives, why, place = False, "`namespaces = []` in qemu.conf keeps libvirt from doing so", conf.no_namespaces
    elif libvirt is not None:
        gives, place = libvirt.version >= _GIVES_DEV_SEV, libvirt.place
        why = f"libvirt {libvirt.text} {'gives' if gives else 'does not give'} QEMU the device itself"
    default = next((user for ids, user in _USERS if os is not None and os.is_like(*ids)), "")
    user = (conf.user if conf is not None else "") or default
    return QemuAccess(
        gives=gives,
        why=why,
        user=user,
        user_is_known=conf is not None,
        group=conf.group if conf is not None else "",
        groups=_groups_of(user, groups, passwd),
        acl=acl,
        place=place,
    )


def _groups_of(user: str, groups: GroupFile | None, passwd: PasswdFile | None) -> frozenset[str] | None:
    """Both files are needed: Debian's libvirt-qemu has the group kvm as its primary one."""
    primary = dict(passwd.users).get(user) if passwd is not None else None
    if groups is None or primary is None:
        return None
    return frozenset(name for name, gid, members in groups.groups if gid == primary or user in members)


@combiner
def qemu_settings(conf: QemuConf) -> QemuSettings:
    """Of the file as it stands: the daemon reads it when it starts."""
    return QemuSettings(conf.settings, conf.place)


@combiner
def daemon_settings(confs: tuple[DaemonConf, ...]) -> DaemonSettings | Gap:
    """Of every daemon whose file was collected."""
    if not confs:
        return Gap(("etc/libvirt/libvirtd.conf", "etc/libvirt/virtproxyd.conf"), GapReason.ABSENT)
    return DaemonSettings(tuple(one.settings for one in confs), confs[0].place)


@combiner
def unit_memlock(units: tuple[UnitLimit, ...]) -> UnitMemlock | Gap:
    """What systemd runs them with; else of each daemon the unit file's value, replaced by its drop-ins by name.

    Which of the two daemons starts QEMU is not known: the wider limit counts.
    """
    shown = [one for one in units if not one.path.startswith(("usr/lib/", "lib/", "etc/")) and one.found]
    last: dict[str, UnitMemlock] = {}
    for one in shown or sorted(units, key=_order):
        for unit, limit, place in one.found:
            last[unit] = UnitMemlock(unit, limit, place)
    if not last:
        wanted = ("cmd/systemctl-show", "etc/systemd/system/virtqemud.service.d/*.conf")
        return Gap(wanted, GapReason.UNDECIDED if units else GapReason.ABSENT, "sets LimitMEMLOCK" if units else "")
    return max(last.values(), key=lambda one: float("inf") if one.limit is None else one.limit)


def _order(one: UnitLimit) -> tuple[bool, bool, str]:
    """Drop-ins after unit files, by name whatever their folder; a unit in /etc after the one that it hides."""
    is_drop_in = ".service.d/" in one.path
    return is_drop_in, not is_drop_in and one.path.startswith("etc/"), one.path.rsplit("/", 1)[-1]


@combiner
def login_limits(files: tuple[LimitsFile, ...]) -> LoginLimits | Gap:
    """Of every file."""
    if not files:
        return Gap(("etc/security/limits.conf", "etc/security/limits.d/*.conf"), GapReason.ABSENT)
    return LoginLimits(tuple(line for file in files for line in file.lines), files[0].place)

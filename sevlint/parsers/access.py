"""Accounts, libvirt's configuration, access lists and memlock limits (amd-host 4.3, 7.3; libvirt-qemu 4.3, 4.4)."""

from __future__ import annotations

import re

from sevlint.facts.access import (
    ConfSetting,
    DaemonConf,
    DeviceAcl,
    GroupFile,
    LibvirtSettings,
    LimitLine,
    LimitsFile,
    PasswdFile,
    QemuConf,
    UnitLimit,
)
from sevlint.facts.domain import GuestsAtShutdown
from sevlint.model import Evidence, Place
from sevlint.parsers.base import Text, parser

_SETTING = re.compile(r"\s{0,32}([a-z][a-z0-9_]{0,63})\s{0,32}=\s{0,32}(\[?)(.*)")
_VALUE = re.compile(r"""#.*|"([^"]{0,4096})"|'([^']{0,4096})'|\]|(-?[0-9]{1,20})""")


@parser(Evidence("etc/libvirt/qemu.conf", command="cat /etc/libvirt/qemu.conf", root=True))
def qemu_conf(text: Text) -> QemuConf:
    """`user`, `group` and `namespaces = []`; a later line replaces an earlier one."""
    settings = _settings(text)
    user, group, namespaces = settings.get("user"), settings.get("group"), settings.get("namespaces")
    return QemuConf(
        user=user.values[0].lstrip("+") if user is not None and user.values else "",
        group=group.values[0].lstrip("+") if group is not None and group.values else "",
        user_place=user.place if user is not None else None,
        no_namespaces=namespaces.place if namespaces is not None and not namespaces.values else None,
        settings=settings,
        place=text.start,
    )


@parser(
    *(
        Evidence(f"etc/libvirt/{daemon}.conf", command=f"cat /etc/libvirt/{daemon}.conf", root=True, many=True)
        for daemon in ("libvirtd", "virtproxyd", "virtqemud")
    )
)
def daemon_conf(text: Text) -> DaemonConf:
    """Of libvirtd, or of the two modular daemons that have its part."""
    return DaemonConf(_settings(text), text.start)


def _settings(text: Text) -> LibvirtSettings:
    """`name = value`; a list may run over several lines, up to its bracket. A comment ends with its line."""
    items: list[ConfSetting] = []
    is_open = False
    for line, content in text.numbered():
        found = None if is_open else _SETTING.match(content)
        if found is None and not is_open:
            continue
        if found is not None:
            is_open, content = bool(found.group(2)), found.group(3)
            items.append(ConfSetting(found.group(1), (), text.place(line)))
        values, is_closed = _values(content)
        is_open = is_open and not is_closed
        last = items.pop()
        items.append(ConfSetting(last.name, (*last.values, *values), last.place))
    return LibvirtSettings(tuple(items[:-1] if is_open else items))


def _values(content: str) -> tuple[tuple[str, ...], bool]:
    """The values of a line, and whether a bracket ends them."""
    values: list[str] = []
    for match in _VALUE.finditer(content):
        if match.group() == "]" or match.group().startswith("#"):
            return tuple(values), match.group() == "]"
        values.append(match.group(match.lastindex or 0))
    return tuple(values), False


@parser(
    Evidence("etc/sysconfig/libvirt-guests", command="cat /etc/sysconfig/libvirt-guests"),
    Evidence("etc/default/libvirt-guests", command="cat /etc/default/libvirt-guests"),
)
def guests_at_shutdown(text: Text) -> GuestsAtShutdown:
    """`ON_SHUTDOWN=` of a file that a shell reads: the last line counts."""
    action, place = "", text.start
    for line, content in text.numbered():
        name, is_set, value = content.strip().removeprefix("export ").partition("=")
        if is_set and name == "ON_SHUTDOWN":
            action, place = value.partition("#")[0].strip().strip("\"'"), text.place(line)
    return GuestsAtShutdown(action, place)


@parser(Evidence("etc/group", command="getent group"))
def group_file(text: Text) -> GroupFile:
    """`name:x:number:members`."""
    rows = [content.split(":") for content in text.lines]
    groups = tuple((row[0], row[2], tuple(row[3].split(","))) for row in rows if len(row) == 4)
    return GroupFile(groups, text.start)


@parser(Evidence("etc/passwd", command="getent passwd"))
def passwd_file(text: Text) -> PasswdFile:
    """`name:x:number:group:...`."""
    rows = [content.split(":", 4) for content in text.lines]
    users = tuple((row[0], row[3]) for row in rows if len(row) == 5)
    return PasswdFile(users, text.start)


_ENTRY = re.compile(r"(user|group):([^:\s]{1,64}):rw[-x](?:\s+#effective:(\S{3}))?")


@parser(Evidence("cmd/getfacl-dev-sev", command="getfacl /dev/sev", root=True))
def device_acl(text: Text) -> DeviceAcl:
    """The named entries that may read and write, also behind the mask."""
    named: dict[str, set[str]] = {"user": set(), "group": set()}
    masked = any(re.match(r"mask::(?!rw)", content) for content in text.lines)
    for content in text.lines:
        found = _ENTRY.match(content)
        if found is not None and not masked and (found.group(3) or "rw").startswith("rw"):
            named[found.group(1)].add(found.group(2))
    place = text.start
    return DeviceAcl(frozenset(named["user"]), frozenset(named["group"]), place)


_DAEMONS = ("virtqemud.service", "libvirtd.service")
_LIMIT = re.compile(
    r"\s{0,32}LimitMEMLOCK(?:Soft)?\s{0,32}=\s{0,32}(infinity|([0-9]{1,18})([KMGT]?))(?::[^:\s]{1,20})?\s*\Z"
)
_SCALE = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


@parser(
    *(
        Evidence(f"{folder}/systemd/system/{daemon}{tail}", command=f"systemctl cat {daemon}", many=True)
        for folder in ("usr/lib", "lib", "etc")
        for daemon in _DAEMONS
        for tail in ("", ".d/*.conf")
    ),
    Evidence("cmd/systemctl-show", command="systemctl show '*.service' --all", many=True),
)
def unit_limit(text: Text) -> UnitLimit:
    """The soft limit, which the kernel checks: of the unit files of libvirt's daemons, or what systemd made of them."""
    found: list[tuple[str, int | None, Place]] = []
    unit = next((daemon for daemon in _DAEMONS if f"/{daemon}" in text.path), "")
    limit: tuple[int | None, Place] | None = None
    is_show = not unit
    for line, content in (*text.numbered(), (0, "")):
        match = _LIMIT.match(content)
        if match is not None:
            size = None if match.group(1) == "infinity" else int(match.group(2)) << _SCALE[match.group(3)]
            limit = size, text.place(line)
        elif is_show and content.startswith("Id="):
            unit = content[3:].strip()
        elif not content and limit is not None and (line == 0 or is_show):
            found += [(unit, *limit)] if unit in _DAEMONS else []
            limit = None
        if is_show and not content:
            unit = ""
    return UnitLimit(text.path, tuple(found), text.start)


@parser(
    Evidence("etc/security/limits.conf", command="cat /etc/security/limits.conf", many=True),
    Evidence("etc/security/limits.d/*.conf", command="cat /etc/security/limits.d/*.conf", many=True),
)
def limits_file(text: Text) -> LimitsFile:
    """`<who> <soft|hard|-> memlock <value>`."""
    lines = []
    for line, content in text.numbered():
        words = content.partition("#")[0].split()
        if len(words) == 4 and words[2] == "memlock":
            lines.append(LimitLine(words[0], words[3], text.place(line)))
    return LimitsFile(tuple(lines), text.start)

"""Accounts, libvirt's QEMU configuration, access lists and memlock limits (amd-host 4.3, 7.3; libvirt-qemu 4.3)."""

from __future__ import annotations

import re

from sevlint.facts.access import DeviceAcl, GroupFile, LimitLine, LimitsFile, PasswdFile, QemuConf, UnitLimit
from sevlint.facts.domain import GuestsAtShutdown
from sevlint.model import Evidence, Place
from sevlint.parsers.base import Text, parser

_CONF = re.compile(r'\s{0,32}(user|group|namespaces)\s{0,32}=\s{0,32}("([^"]{0,256})"|\[\s{0,32}\]|\S)')


@parser(Evidence("etc/libvirt/qemu.conf", command="cat /etc/libvirt/qemu.conf", root=True))
def qemu_conf(text: Text) -> QemuConf:
    """`user`, `group` and `namespaces = []`; a later line replaces an earlier one."""
    values: dict[str, tuple[str, Place]] = {}
    for line, content in text.numbered():
        found = _CONF.match(content)
        if found is not None:
            values[found.group(1)] = found.group(3) or found.group(2), text.place(line)
    user, place = values.get("user", ("", None))
    none = values.get("namespaces")
    return QemuConf(
        user=user.lstrip("+"),
        group=values.get("group", ("", None))[0].lstrip("+"),
        user_place=place,
        no_namespaces=none[1] if none is not None and none[0].startswith("[") else None,
        place=text.start,
    )


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

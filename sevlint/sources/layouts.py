"""Where each kind of collection keeps each piece of evidence (snapshots 1 and 2).

Names that a layout does not list stand at their own path. Paths that exist only in older versions of a collector come
after those of newer ones; a link's usual target is named too, because members of an archive pass once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.sources.base import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

_LS_DEV = (
    "sos_commands/block/ls_-alZR_.dev",  # 4.8+; names (snapshots 1.8)
    "sos_commands/block/ls_-alZRn_.dev",
    "sos_commands/block/ls_-lanR_.dev",  # up to 4.7; numeric ids only
)
_JOURNAL = (
    "sos_commands/logs/journalctl_--no-pager_--boot",
    "sos_commands/logs/journalctl_--no-pager_--catalog_--boot",
    "sos_commands/logs/journalctl_--all_--this-boot_--no-pager",
)


_GRUB = {
    "boot/grub2/grub.cfg": ("boot/grub2/grub.cfg", "boot/efi/EFI/*/grub.cfg"),
    "boot/grub2/grubenv": ("boot/grub2/grubenv", "boot/efi/EFI/*/grubenv"),
}
"""Where older distributions keep it for UEFI (snapshots 2.1); what lies in both places is a link or a stub."""


def _with_tails(*paths: str) -> tuple[str, ...]:
    """Each path and the place of its tail when it was oversized (snapshots 1.5)."""
    found = list(paths)
    for path in paths:
        if path.startswith("sos_commands/"):
            plugin, name = path.split("/")[1:3]
            found.append(f"sos_strings/{plugin}/{name}.tailed")
        else:
            found.append(f"sos_strings/*/{path.replace('/', '.')}.tailed")
    return tuple(found)


SOSREPORT = Layout(
    name="sosreport",
    detect=("sos_commands/*", "sos_commands/*/*", "sos_commands/*/*/*"),
    manifest="sos_reports/manifest.json",
    candidates={
        **_GRUB,
        "cmd/uname": ("sos_commands/kernel/uname_-a", "uname"),
        "cmd/dmesg": _with_tails("sos_commands/kernel/dmesg", "sos_commands/general/dmesg"),
        "cmd/journal-boot": _with_tails(*_JOURNAL),
        "var/log/dmesg": ("var/log/dmesg",),
        "var/log/kern.log": _with_tails("var/log/kern.log"),
        "var/log/messages": _with_tails("var/log/messages"),
        "var/log/syslog": _with_tails("var/log/syslog"),
        "var/log/audit/audit.log": _with_tails("var/log/audit/audit.log"),
        "cmd/lsmod": ("sos_commands/kernel/lsmod", "lsmod"),
        "cmd/ls-dev": _LS_DEV,
        "cmd/ls-sys-firmware": (
            "sos_commands/boot/ls_-alZR_.sys.firmware",
            "sos_commands/boot/ls_-lanR_.sys.firmware",
        ),
        "cmd/rpm-qa": ("installed-rpms", "sos_commands/rpm/package-data"),
        "cmd/dpkg-l": ("installed-debs", "sos_commands/dpkg/dpkg_-l"),
        "cmd/virsh-domcapabilities": (
            "sos_commands/virsh/virsh_-r_domcapabilities",
            "sos_commands/virsh/virsh_domcapabilities",
        ),
        "cmd/virsh-version": ("sos_commands/virsh/virsh_-r_version", "sos_commands/virsh/virsh_version"),
        "cmd/virsh-dumpxml-*": ("sos_commands/virsh/virsh_-r_dumpxml_*", "sos_commands/virsh/virsh_dumpxml_*"),
        "cmd/lspci": ("sos_commands/pci/lspci_-nnvv", "sos_commands/pci/lspci_-nvv", "lspci"),
        "cmd/dmidecode": ("sos_commands/hardware/dmidecode", "dmidecode"),
        "cmd/cpuid": ("sos_commands/processor/cpuid_-r",),
        "cmd/systemctl-show": ("sos_commands/systemd/systemctl_show_service_--all",),
        "etc/group": ("etc/group", "sos_commands/getent/getent_group"),
        "etc/passwd": ("etc/passwd", "sos_commands/getent/getent_passwd"),
        "run/libvirt/qemu/*.xml": ("run/libvirt/qemu/*.xml", "var/run/libvirt/qemu/*.xml"),
        "etc/os-release": ("etc/os-release", "usr/lib/os-release"),
        "var/log/libvirt/qemu/{domain}.log": (
            "var/log/libvirt/qemu/*.log",
            "sos_strings/*/var.log.libvirt.qemu.*.log.tailed",
        ),
    },
)

ROOT = Layout(
    name="root",
    detect=("etc/*", "proc/*", "sys/*", "etc/*/*", "proc/*/*", "sys/*/*", "sys/*/*/*", "var/log/*", "boot/*", "dev/*"),
    candidates={
        **_GRUB,
        "etc/os-release": ("etc/os-release", "usr/lib/os-release"),
        "run/libvirt/qemu/*.xml": ("run/libvirt/qemu/*.xml", "var/run/libvirt/qemu/*.xml"),
        "cmd/dmesg": ("cmd/dmesg", "dmesg", "dmesg.txt", "dmesg.log"),
        "cmd/journal-boot": ("cmd/journal-boot", "journal.txt", "journal.log"),
        "cmd/virsh-domcapabilities": ("cmd/virsh-domcapabilities", "domcapabilities.xml"),
        "cmd/rpm-qa": ("cmd/rpm-qa", "installed-rpms", "rpm-qa.txt"),
        "cmd/lspci": ("cmd/lspci", "lspci", "lspci.txt"),
        "cmd/dpkg-l": ("cmd/dpkg-l", "installed-debs", "dpkg-l.txt"),
        "var/log/libvirt/qemu/{domain}.log": ("var/log/libvirt/qemu/*.log",),
    },
)

BUNDLE = Layout(
    name="bundle", detect=(), candidates={**_GRUB, "var/log/libvirt/qemu/{domain}.log": ("var/log/libvirt/qemu/*.log",)}
)

BARE = Layout(name="bare", detect=(), candidates={"var/log/libvirt/qemu/{domain}.log": ("var/log/libvirt/qemu/*.log",)})

LAYOUTS: tuple[Layout, ...] = (SOSREPORT, ROOT, BUNDLE, BARE)


def choose(paths: Iterable[str], hint: str = "", layouts: tuple[Layout, ...] = LAYOUTS) -> Layout:
    """The layout of a collection: the one that the source names, else the first that any path fits, else bare files."""
    for layout in layouts:
        if layout.name == hint:
            return layout
    paths = list(paths)
    tops = {path.split("/", 1)[0] for path in paths}
    for layout in layouts:
        if tops & {pattern.split("/", 1)[0] for pattern in layout.detect}:
            return layout
    return BARE

"""What keeps a QEMU that was taken over away from the host is switched off for all VMs.

Why    QEMU talks to the guests and to the network. As root, without sVirt or without its system call filter, whoever
       takes it over has the host, and with it what guests share with it.
Fix    Take the line out of /etc/libvirt/qemu.conf and restart libvirt: its defaults confine QEMU.
Refs   libvirt: src/qemu/qemu.conf.in (libvirt-qemu 4.3 user, 4.3 seccomp_sandbox, 4.3 security_driver, 4.3
       dynamic_ownership, 4.3 clear_emulator_capabilities)

Guides for TDX of before its inclusion asked for user root and dynamic_ownership = 0: libvirt needs neither.
"""

from collections.abc import Sequence

from sevlint.api import CONFIDENTIAL, Fail, Gap, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint_rules.isolation._unread import unread

_ROOT = ("root", "+0", "0")
_OFF = (
    ("user", _ROOT, "QEMU runs as root", Severity.WARNING),
    ("group", _ROOT, "QEMU runs in root's group", Severity.WARNING),
    ("security_driver", ("none",), "VMs are not confined by SELinux or AppArmor", Severity.WARNING),
    ("seccomp_sandbox", ("0",), "QEMU's system calls are not filtered", Severity.WARNING),
    ("clear_emulator_capabilities", ("0",), "QEMU keeps root's capabilities", Severity.WARNING),
    ("dynamic_ownership", ("0",), "libvirt does not give QEMU its files", Severity.NOTE),
    ("remember_owner", ("0",), "libvirt does not give files back to their owner", Severity.NOTE),
)


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(conf: QemuSettings | Gap) -> Verdict | Sequence[Fail]:
    if isinstance(conf, Gap):
        return unread(conf, "qemu.conf")
    remedy = Remedy("take the line out of /etc/libvirt/qemu.conf and restart libvirt", needs=Needs.RELOAD)
    fails = []
    for name, values, because, severity in _OFF:
        found = conf.settings.set_to(name, *values)
        if found is not None:
            fails.append(Fail(because, (found.place,), remedy, severity=severity, value=f"{name}={found.values[0]}"))
    return fails or Pass("qemu.conf switches no confinement off", (conf.place,))

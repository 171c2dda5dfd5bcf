"""The user that runs QEMU is not in the group that may open /dev/sev.

Why    A udev rule gives the device to a group, and QEMU's user is no member of it, so the rule does not help. A VMM
       that opens the device itself fails with `Permission denied`.
Fix    Add the user to the group. libvirt 5.1 and newer gives QEMU the device itself: there neither the rule nor the
       group is needed.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 4.3 udev rule, 4.3 libvirt, 9 #11)

It speaks only where the version of libvirt is not known: a newer one needs no group, and of an older one
dev-sev-unreachable says that it cannot work.
"""

import re

from sevlint.api import AMD_SEV, Command, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuAccess
from sevlint.facts.amd import DevSev

_NAME = re.compile(r"[a-z_][\w-]*")
_GROUP_MAY = 0o060


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(device: DevSev, access: QemuAccess) -> Verdict:
    if access.gives is not None:
        return NotApplicable(access.why)
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    if device.mode is not None and device.mode & _GROUP_MAY != _GROUP_MAY:
        return NotApplicable("/dev/sev is no group's")
    may = access.may_open(device)
    if may is None:
        wanted = ("etc/group", "etc/passwd", "cmd/ls-dev")
        return Open("the groups of QEMU's user, or who may open /dev/sev, are not known", wanted)
    if may:
        return Pass(f"{access.user} may open /dev/sev", (device.place, access.place))
    line = f"usermod --append --groups {device.group} {access.user}"
    plain = _NAME.fullmatch(device.group) and _NAME.fullmatch(access.user)
    remedy = Remedy("add the user to the group and start its VMs anew", Command((line,)) if plain else None)
    because = f"{access.user}, which runs QEMU, is not in the group {device.group} of /dev/sev"
    return Fail(because, (device.place, access.place), remedy, value=f"{access.user}:{device.group}")

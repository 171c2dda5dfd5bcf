"""The mode of /dev/sev was changed by hand and will be lost at the next boot.

Why    The driver makes the device 0600 root:root at every boot; only a udev rule or a line of tmpfiles.d lasts.
       Hypervisors that run as another user and open it themselves then stop working (libvirt 5.1 and newer gives QEMU
       access itself and needs no rule).
Fix    Put `KERNEL=="sev", GROUP="kvm", MODE="0660"` into /etc/udev/rules.d/99-sev.rules.
Refs   linux: drivers/crypto/ccp/sev-dev.c; libvirt: docs/kbase/launch_security_sev.rst (amd-host 4.3 node,
       4.3 udev rule, 9 #11); amd/sev-utils (peer-checks 10 #5)

amd/sev-utils runs `setfacl` from /etc/rc.local, which is no udev rule: without the service that runs that file it is
lost.

A udev rule lasts by its keys or by a `chmod` that it runs. Where nothing of tmpfiles.d was collected the confidence is
medium; where a rule runs a program of its own it cannot be decided, nor where one has `TAG+="uaccess"`: the access list
that logind then sets shows as rights of the group.
"""

from sevlint.api import (
    AMD_SEV,
    Command,
    Confidence,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.amd import DevSev, DevSevAtBoot

_DRIVER_MODE = 0o600
_RULE = """echo 'KERNEL=="sev", GROUP="kvm", MODE="0660"' >> /etc/udev/rules.d/99-sev.rules"""


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(device: DevSev, boot: DevSevAtBoot) -> Verdict:
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    if device.mode is None:
        return Open("the mode of /dev/sev was not collected", ("cmd/ls-dev",))
    if device.mode == _DRIVER_MODE and device.group in ("root", "0", ""):
        return Pass("/dev/sev is as the driver made it", (device.place,))
    if boot.gives_access is not None:
        return Pass("who may use it is set at every boot", (boot.gives_access,))
    if boot.may_run is not None:
        return Open("a udev rule for /dev/sev runs a program, and nothing tells what it does")
    if boot.uaccess is not None and not device.mode & 0o007 and device.group in ("root", "0", ""):
        return Open("a udev rule gives it to whoever sits at the machine (uaccess), which shows as the group's rights")
    if not boot.whole:
        return Open("the distribution's own udev rules were not collected", ("usr/lib/udev/rules.d/*.rules",))
    because = f"/dev/sev has mode {device.mode:04o}, group {device.group or '?'}, and no udev rule makes it so again"
    remedy = Remedy("write a udev rule", Command((_RULE, "udevadm control --reload")))
    confidence = Confidence.HIGH if boot.has_tmpfiles else Confidence.MEDIUM
    return Fail(because, (device.place,), remedy=remedy, confidence=confidence, value=f"{device.mode:04o}")

"""QEMU cannot open /dev/sev.

Why    QEMU opens the device for reading and writing before it launches a guest; without the right it ends with
       `Failed to open /dev/sev 'Permission denied'`.
Fix    Use libvirt 5.1 or newer with its default namespaces: it gives QEMU the device itself and needs no udev rule.
       Else put `KERNEL=="sev", GROUP="kvm", MODE="0660"` into /etc/udev/rules.d/99-sev.rules; never mode 0666, and no
       chmod: it is lost at the next boot.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 4.3 rights, 4.3 libvirt, 6 EACCES, 9 #11, 9 #12); qemu:
       target/i386/sev.c (libvirt-qemu 6.1); libvirt: src/security/security_dac.c (libvirt-qemu 4.3 namespaces, 4.4 dev
       sev, 7 CAP_DAC_OVERRIDE); virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #17, 2 #6)

That the device exists shows only that the driver attached; the firmware may have refused INIT all the same. Where
libvirt gives the device and QEMU is refused all the same, SELinux, AppArmor or a device cgroup refuses it.

snphost and sevctl open the device as root, which says nothing of QEMU's user.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Command,
    Confidence,
    Fail,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.access import QemuAccess
from sevlint.facts.amd import DevSev
from sevlint.facts.log import QemuLog

_LINES = (
    """echo 'KERNEL=="sev", GROUP="kvm", MODE="0660"' >> /etc/udev/rules.d/99-sev.rules""",
    "udevadm control --reload",
    "udevadm trigger /dev/sev",
)
_UDEV = Remedy("write a udev rule for the group of QEMU's user", Command(_LINES))
_SPACES = Remedy("take `namespaces = []` out of /etc/libvirt/qemu.conf and restart libvirt", needs=Needs.RELOAD)
_DENIED = Remedy("look for what denies it", Command(("journalctl --boot --grep 'denied.*sev'", "ls -lZ /dev/sev")))
_CAUSES = ("dev-sev-denied-by-selinux", "dev-sev-denied-by-apparmor", "dev-sev-missing")


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DEVICE, because_of=_CAUSES)
def judge(device: DevSev | None, access: QemuAccess | None, logs: tuple[QemuLog, ...]) -> Verdict:
    gives = access.gives if access is not None else None
    mend = _DENIED if gives else _SPACES if access is not None and "namespaces" in access.why else _UDEV
    for log in logs:
        line = log.last("qemu-dev-sev-not-opened")
        if line is not None and "Permission denied" in line.get("why"):
            seen = (line.place, *([device.place] if device is not None else []))
            return Fail("QEMU may not open /dev/sev: Permission denied", seen, mend, value="EACCES")
    if device is None or access is None:
        return Open("/dev/sev, or who runs QEMU, was not collected", ("cmd/ls-dev", "cmd/rpm-qa", "cmd/dpkg-l"))
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    if gives:
        return Pass(access.why, (access.place, device.place))
    may = access.may_open(device)
    if gives is None or may is None:
        why = "whether QEMU's user may open /dev/sev is not known"
        return Open(access.why if gives is None else why, ("etc/group", "etc/passwd", "cmd/getfacl-dev-sev"))
    if may:
        return Pass(f"{access.user} may open /dev/sev", (device.place, access.place))
    because = f"{access.user}, which runs QEMU, may not open /dev/sev, and {access.why}"
    confidence = Confidence.HIGH if access.user_is_known else Confidence.MEDIUM
    value = f"{device.mode or 0:04o}"
    return Fail(because, (device.place, access.place), mend, confidence=confidence, value=value)

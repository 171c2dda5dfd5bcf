"""libvirt's list of devices for QEMU lacks /dev/kvm.

Why    `cgroup_device_acl` replaces libvirt's own list: without /dev/kvm no VM of the host can use KVM, and without KVM
       none can be protected.
Fix    Add "/dev/kvm" to the list in /etc/libvirt/qemu.conf, or take the list out, and restart libvirt.
Refs   libvirt: src/qemu/qemu.conf.in, src/qemu/qemu_cgroup.c (libvirt-qemu 4.3 cgroup_device_acl, 4.3 dev sev by
       launchSecurity)

/dev/sev need not stand there: libvirt adds it for each domain that asks for SEV.
"""

from sevlint.api import CONFIDENTIAL, AmdRung, Fail, Gap, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint_rules.isolation._unread import unread


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.DEVICE)
def judge(conf: QemuSettings | Gap) -> Verdict:
    if isinstance(conf, Gap):
        return unread(conf, "qemu.conf")
    found = conf.settings.get("cgroup_device_acl")
    if found is None or "/dev/kvm" in found.values:
        return Pass("QEMU may have /dev/kvm", (found.place if found else conf.place,))
    remedy = Remedy('add "/dev/kvm" to cgroup_device_acl in /etc/libvirt/qemu.conf', needs=Needs.RELOAD)
    return Fail("cgroup_device_acl of qemu.conf has no /dev/kvm", (found.place,), remedy)

"""libvirt is told to overlook what its QEMU needs for protection.

Why    `capability_filters` hides a capability from libvirt, whatever QEMU can do: it then refuses the type with
       `launch security is not supported with this QEMU binary`.
Fix    Take the capability out of the list in /etc/libvirt/qemu.conf and restart libvirt.
Refs   libvirt: src/qemu/qemu.conf.in, src/qemu/qemu_capabilities.c (libvirt-qemu 4.1 flags, 4.3 capability_filters)
"""

from sevlint.api import CONFIDENTIAL, AmdRung, Fail, Gap, Goal, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint_rules.isolation._unread import unread

_NEEDED = {
    Goal.SEV: "sev-guest",
    Goal.SEV_ES: "sev-guest",
    Goal.SEV_SNP: "sev-snp-guest",
    Goal.TDX: "tdx-guest",
    Goal.S390_PV: "s390-pv-guest",
}


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.STACK)
def judge(conf: QemuSettings | Gap, goal: Goal) -> Verdict:
    if isinstance(conf, Gap):
        return unread(conf, "qemu.conf")
    found, name = conf.settings.get("capability_filters"), _NEEDED[goal]
    if found is None or name not in found.values:
        return Pass("qemu.conf hides nothing that it needs", (found.place if found else conf.place,))
    remedy = Remedy(f"take {name} out of capability_filters in /etc/libvirt/qemu.conf", needs=Needs.RELOAD)
    return Fail(f"qemu.conf hides {name} from libvirt", (found.place,), remedy, value=name)

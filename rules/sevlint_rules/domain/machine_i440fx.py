"""The machine is an i440fx, which is not made for encrypted guests.

Why    SEV-SNP and TDX have no firmware for it: the images made for them list q35 only. SEV and SEV-ES may start, but
       virtio devices then need settings of their own, and the libvirt project strongly discourages it.
Fix    Use the machine type q35. Its devices sit on other PCI addresses: let libvirt assign them anew.
Refs   libvirt: docs/kbase/launch_security_sev.rst; virt-manager: virtinst/domain/launch_security.py (libvirt-qemu 2.2
       i440fx, 2.3 #3, 2.5 Q35 and UEFI, 3.2 i440fx SEV, 3.2 i440fx SEV-SNP, 8 machine-i440fx; intel-tdx 7.1 q35, 7.4
       os/type)
"""

from sevlint.api import X86, AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SEVERITY = {
    Goal.SEV: Severity.WARNING,
    Goal.SEV_ES: Severity.WARNING,
    Goal.SEV_SNP: Severity.ERROR,
    Goal.TDX: Severity.ERROR,
}


@rule(about=Subject.DOMAIN, severity=_SEVERITY, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, goal: Goal) -> Verdict:
    place = domain.machine_place.at("machine") if domain.machine else domain.machine_place
    if not domain.is_i440fx:
        return Pass("its machine is no i440fx", (place,))
    remedy = edit("use q35", "<type arch='x86_64' machine='q35'>hvm</type>", change.put(place, "q35"))
    because = f"its machine is {domain.machine}, an i440fx"
    return Fail(because, (place,), remedy, severity=_SEVERITY[goal], value=domain.machine)

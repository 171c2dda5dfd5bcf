"""A protected domain does not run on KVM.

Why    Only KVM can start an encrypted guest: with type qemu QEMU stops with `accelerator does not support
       confidential guest`, and drivers other than QEMU's ignore launchSecurity, so that the VM runs unprotected.
Fix    Write `<domain type='kvm'>`.
Refs   libvirt: docs/formatdomain.rst; qemu: accel (libvirt-qemu 2.2 TCG, 2.2 other drivers, 3.2 domain type, 7 Cloud
       Hypervisor, 8 launch-security-needs-kvm; intel-tdx 7.1 KVM)

libvirt's Cloud Hypervisor driver, whose domains may be of type hyperv, knows sev-snp.
"""

from sevlint.api import (
    CONFIDENTIAL,
    AmdRung,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    if domain.goal is None:
        return NotApplicable("it asks for no launch security that libvirt knows")
    place = domain.place.at("type") if domain.type else domain.place
    if domain.type == "kvm":
        return Pass("it runs on KVM", (place,))
    if domain.type == "hyperv" and domain.goal is Goal.SEV_SNP:
        return NotApplicable("it is not QEMU's")
    because = f"its type is {domain.type or 'missing'}, and only KVM can run a guest with launch security"
    remedy = edit("let it run on KVM", "<domain type='kvm'>", change.put(domain.place.at("type"), "kvm"), safe=True)
    return Fail(because, (place,), remedy, value=domain.type)

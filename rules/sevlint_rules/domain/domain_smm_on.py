"""System Management Mode is on, which this type of guest cannot have.

Why    SMM needs the hypervisor to change the guest's registers, which are encrypted: QEMU stops with `System Management
       Mode not supported by this hypervisor`, `SEV-SNP does not support SMM` or `TDX VM doesn't support SMM`.
Fix    Set `<smm state='off'/>`, or drop the element; firmware that needs SMM (Secure Boot builds) does not work here.
Refs   qemu: hw/i386/x86.c, target/i386/sev.c, target/i386/kvm/tdx.c (libvirt-qemu 2.2 SMM, 3.2 SMM SEV-SNP, 3.2 SMM
       SEV-ES, 3.2 SMM TDX, 3.2 SMM SEV, 8 smm-enabled; intel-tdx 7.1 SMM, 7.4 smm)

Plain SEV runs with SMM.
"""

from sevlint.api import AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.SEV_ES, Goal.SEV_SNP, Goal.TDX},
    rung=AmdRung.DOMAIN,
)
def judge(domain: Domain) -> Verdict:
    if domain.smm and domain.smm_place is not None:
        secure_boot = domain.firmware.secure_boot
        do = [change.put(domain.smm_place.at("state"), "off"), *(change.drop(place) for place in secure_boot)]
        if "SMM" in domain.firmware.wrong_kind(Goal.SEV_ES):
            do = []  # another image is needed with it
        remedy = edit("turn SMM off", "<smm state='off'/>", *do, safe=bool(do) and not secure_boot)
        return Fail("SMM is on, which QEMU refuses for this type", (domain.smm_place,), remedy=remedy, value="on")
    return Pass("SMM is not asked for", (domain.smm_place or domain.place,))

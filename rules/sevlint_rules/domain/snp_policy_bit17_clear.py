"""The SEV-SNP policy lacks bit 17, which must be set.

Why    Bit 17 is reserved and must be 1: KVM refuses the launch before it asks the firmware, `SNP_LAUNCH_START ret=-22
       fw_error=0`.
Fix    Set it; 0x00030000 is the policy of most guests.
Refs   SEV-SNP ABI 56860 section 4.3; linux: arch/x86/kvm/svm/sev.c (libvirt-qemu 1.3 SNP bit 17, 1.3 SNP 0x24, 1.3 SNP
       ret=-22, 8 snp-policy-bit17-clear)

A policy of plain SEV, such as 0x0007, under type sev-snp looks like this.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_BIT = 1 << 17


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(Goal.SEV_SNP)
    if found is None:
        return NotApplicable("it has no SEV-SNP policy whose bits mean what they say")
    policy, place = found
    if policy & _BIT:
        return Pass("bit 17 of its policy is set", (place,))
    mended = f"0x{policy | _BIT:08x}"
    remedy = edit("set bit 17", f"<policy>{mended}</policy>", change.put(place, mended), safe=True)
    because = f"bit 17 of its policy 0x{policy:x} is clear, which KVM refuses"
    return Fail(because, (place,), remedy, value=f"0x{policy:x}")

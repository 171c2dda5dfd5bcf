"""The SEV-SNP policy has bits set that mean nothing.

Why    Bits 26 to 63 are reserved: KVM refuses the launch, `SNP_LAUNCH_START ret=-22 fw_error=0`.
Fix    Clear them; 0x00030000 is the policy of most guests.
Refs   SEV-SNP ABI 56860 section 4.3; linux: arch/x86/kvm/svm/sev.c (libvirt-qemu 1.3 SNP bits 26 to 63, 1.3 SNP
       ret=-22, 8 snp-policy-reserved-bits)
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_KNOWN = (1 << 26) - 1


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(Goal.SEV_SNP)
    if found is None:
        return NotApplicable("it has no SEV-SNP policy whose bits mean what they say")
    policy, place = found
    if not policy & ~_KNOWN:
        return Pass("its policy sets no reserved bit", (place,))
    mended = f"0x{policy & _KNOWN:08x}"
    remedy = edit("clear the reserved bits", f"<policy>{mended}</policy>", change.put(place, mended))
    because = f"its policy 0x{policy:x} sets reserved bits (0x{policy & ~_KNOWN:x}), which KVM refuses"
    return Fail(because, (place,), remedy, value=f"0x{policy:x}")

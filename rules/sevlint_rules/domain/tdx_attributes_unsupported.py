"""The TDX policy asks for attributes that KVM refuses.

Why    Of the TD attributes KVM accepts SEPT_VE_DISABLE (bit 28) only: QEMU stops with `Invalid attributes ... for TDX
       VM`.
Fix    Write 0x10000000, or leave the policy out: that is QEMU's default.
Refs   qemu: target/i386/kvm/tdx.c; linux: arch/x86/kvm/vmx/tdx.c (intel-tdx 7.1 attributes, 7.2 bit 4, 7.2 bit 5, 7.2
       bit 6, 7.2 bit 16, 7.2 bit 27, 7.2 bit 29, 7.2 bit 30, 7.2 bit 31, 7.2 bit 62, 7.2 bit 63, 7.3 QEMU, 7.3 KVM, 7.3
       other bits, 7.4 children; libvirt-qemu 8 tdx-attributes-unsupported)

QEMU itself knows PKS (bit 30) and PERFMON (bit 63) too, and a later kernel may accept them. Bit 0 is DEBUG, of which
policy-allows-debug speaks.
"""

from sevlint.api import (
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    TdxRung,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain

_KNOWN = (1 << 28) | (1 << 0)


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.TDX},
    rung=TdxRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(Goal.TDX)
    if found is None:
        return NotApplicable("it has no TDX policy whose bits mean what they say")
    policy, place = found
    if not policy & ~_KNOWN:
        return Pass("its policy asks for no attribute that KVM refuses", (place,))
    mended = f"0x{policy & _KNOWN:08x}"
    remedy = edit("ask for no other attribute", f"<policy>{mended}</policy>", change.put(place, mended))
    because = f"its policy 0x{policy:x} asks for TD attributes (0x{policy & ~_KNOWN:x}) that KVM refuses"
    return Fail(because, (place,), remedy, value=f"0x{policy:x}")

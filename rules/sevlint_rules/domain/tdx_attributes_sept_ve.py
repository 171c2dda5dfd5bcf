"""The TDX policy leaves out SEPT_VE_DISABLE.

Why    Without attribute bit 28 the host can raise exceptions in the guest at will; Linux stops at once with `TD
       misconfiguration: SEPT #VE has to be disabled`.
Fix    Write 0x10000000, or leave the policy out: that is QEMU's default.
Refs   qemu: target/i386/kvm/tdx.c; linux: arch/x86/coco/tdx/tdx.c (intel-tdx 7.1 sept-ve-disable, 7.2 bit 28, 7.3 bit
       28 clear; libvirt-qemu 1.3 TDX policy, 8 tdx-attributes-sept-ve)
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SEPT_VE_DISABLE = 1 << 28


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(Goal.TDX)
    if found is None:
        return NotApplicable("it has no TDX policy whose bits mean what they say")
    policy, place = found
    if policy & _SEPT_VE_DISABLE:
        return Pass("its policy sets SEPT_VE_DISABLE", (place,))
    mended = f"0x{policy | _SEPT_VE_DISABLE:08x}"
    remedy = edit("set bit 28", f"<policy>{mended}</policy>", change.put(place, mended), safe=True)
    because = f"bit 28 (SEPT_VE_DISABLE) of its policy 0x{policy:x} is clear: a Linux guest stops at once"
    return Fail(because, (place,), remedy, value=f"0x{policy:x}")

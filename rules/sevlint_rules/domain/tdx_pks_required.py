"""The CPU feature PKS is asked for, which KVM does not let a TDX guest have.

Why    QEMU then asks for the attribute PKS, and KVM accepts SEPT_VE_DISABLE alone: the start ends with `Invalid
       attributes ... for TDX VM`.
Fix    Drop `<feature name='pks'/>`.
Refs   qemu: target/i386/kvm/tdx.c; linux: arch/x86/kvm/vmx/tdx.c (intel-tdx 7.3 PKS)

A later kernel may accept it.
"""

from sevlint.api import (
    Confidence,
    Fail,
    Goal,
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


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.TDX},
    rung=TdxRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    asked = domain.cpu.required if domain.cpu is not None else ()
    found = next((one for one in asked if one.text == "pks"), None)
    if found is None:
        return Pass("it does not ask for PKS", (domain.cpu.place if domain.cpu is not None else domain.place,))
    remedy = edit("do without PKS", "", change.drop(found.place), safe=True)
    return Fail("it asks for PKS, which KVM refuses for TDX", (found.place,), remedy, value="pks")

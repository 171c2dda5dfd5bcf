"""The virtual performance counters are on, which KVM does not let a TDX guest have.

Why    QEMU then asks for the attribute PERFMON, and KVM accepts SEPT_VE_DISABLE alone: the start ends with `Invalid
       attributes 0x8000000010000000 for TDX VM (KVM supported: 0x10000000)`.
Fix    Write `<pmu state='off'/>`, or drop the element.
Refs   qemu: target/i386/kvm/tdx.c; linux: arch/x86/kvm/vmx/tdx.c (intel-tdx 7.1 pmu, 7.3 pmu; libvirt-qemu 3.2 pmu TDX)
"""

from sevlint.api import Fail, Goal, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("pmu")
    if found is None or found.state == "off":
        return Pass("it asks for no performance counters", (found.place if found else domain.place,))
    remedy = edit(
        "switch the counters off", "<pmu state='off'/>", change.put(found.place.at("state"), "off"), safe=True
    )
    return Fail("it asks for performance counters, which KVM refuses for TDX", (found.place,), remedy, value="on")

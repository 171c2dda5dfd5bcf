"""The interrupt controller is asked for in a form that does not fit this type of guest.

Why    TDX needs the split form, with the I/O APIC in QEMU: `ioapic driver='kvm'` ends with `TDX VM requires
       kernel_irqchip to be split`. SEV-ES and SEV-SNP need KVM's: with it off QEMU stops (`SEV-ES guests require
       in-kernel irqchip`); `driver='qemu'` gives the split form, which may work.
Fix    Drop `<ioapic>`: QEMU takes what fits.
Refs   qemu: target/i386/sev.c, target/i386/kvm/tdx.c (libvirt-qemu 3.2 ioapic, 3.2 ioapic TDX, 8
       ioapic-driver-conflict; intel-tdx 7.1 irqchip, 7.4 ioapic)
"""

from sevlint.api import Confidence, Fail, Goal, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SEVERITY = {Goal.SEV_ES: Severity.WARNING, Goal.SEV_SNP: Severity.WARNING, Goal.TDX: Severity.ERROR}


@rule(
    about=Subject.DOMAIN,
    severity=_SEVERITY,
    goals=frozenset(_SEVERITY),
    rung={Goal.TDX: TdxRung.DOMAIN},
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, goal: Goal) -> Verdict:
    found = domain.feature("ioapic")
    if found is None or found.driver != ("kvm" if goal is Goal.TDX else "qemu"):
        return Pass("its interrupt controller fits", (found.place if found else domain.place,))
    remedy = edit("leave the interrupt controller to QEMU", "", change.drop(found.place), safe=True)
    place = (found.place.at("driver"),)
    if goal is Goal.TDX:
        because = "its I/O APIC is KVM's, and TDX needs the split form"
        return Fail(because, place, remedy, severity=Severity.ERROR, value=found.driver)
    because = "its I/O APIC is QEMU's, and encrypted state wants KVM's"
    low = Confidence.LOW
    return Fail(because, place, remedy, severity=Severity.WARNING, confidence=low, value=found.driver)

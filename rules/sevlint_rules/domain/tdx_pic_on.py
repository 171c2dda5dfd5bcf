"""The old interrupt controller (PIC) is on, which a TDX guest cannot have.

Why    QEMU stops with `TDX VM doesn't support PIC`.
Fix    Drop `<pic>`: QEMU leaves it out by itself.
Refs   qemu: target/i386/kvm/tdx.c (intel-tdx 7.1 PIC, 7.4 pic)
"""

from sevlint.api import Fail, Goal, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("pic")
    if found is None or found.state == "off":
        return Pass("it asks for no PIC", (found.place if found else domain.place,))
    remedy = edit("leave the PIC out", "", change.drop(found.place), safe=True)
    return Fail("it asks for a PIC, which QEMU refuses for TDX", (found.place,), remedy, value="on")

"""The frequency of the TSC is one that a TDX guest cannot have.

Why    The TDX module counts the frequency in steps of 25 MHz, from 100 MHz to 10 GHz. QEMU stops at any other: `Invalid
       TSC ... KHz, it must be multiple of 25MHz`.
Fix    Drop `frequency`: the guest then has the host's, or one near it. Or write one that fits, in Hz.
Refs   qemu: target/i386/kvm/tdx.c (intel-tdx 7.1 TSC)
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.numbers import decimal

_LOWEST, _HIGHEST, _STEP = 100_000, 10_000_000, 25_000
"""In kHz, in which QEMU counts."""


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = next((one.frequency for one in domain.timers if one.name == "tsc" and one.frequency is not None), None)
    hertz = decimal(found.text) if found is not None else None
    if found is None or not hertz:
        return NotApplicable("it asks for no frequency of the TSC")
    khz = hertz // 1000
    if _LOWEST <= khz <= _HIGHEST and not khz % _STEP:
        return Pass("its TSC has a frequency that TDX knows", (found.place,))
    why = "no multiple of 25 MHz" if _LOWEST <= khz <= _HIGHEST else "not between 100 MHz and 10 GHz"
    remedy = edit("leave the frequency out", "<timer name='tsc'/>", change.drop(found.place))
    return Fail(f"its TSC frequency of {khz} kHz is {why}, and QEMU refuses it for TDX", (found.place,), remedy)

"""The CPU is a named model, which TDX guests cannot have.

Why    The CPU of a TDX guest is the host's as the TDX module shows it: QEMU stops with `Named cpu model is not
       supported for TDX yet!`. Without a `<cpu>` libvirt takes qemu64, which is one too.
Fix    Write `<cpu mode='host-passthrough'/>`.
Refs   qemu: target/i386/kvm/tdx.c (intel-tdx 7.1 CPU, 7.4 cpu; libvirt-qemu 3.2 host-passthrough, 8
       cpu-named-model-tdx)
"""

from sevlint.api import Fail, Goal, Pass, Severity, Subject, TdxRung, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_HOST = "<cpu mode='host-passthrough'/>"


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    cpu = domain.cpu
    if cpu is None:
        remedy = edit("pass the host's CPU through", _HOST, change.add(domain.place, _HOST), safe=True)
        return Fail("it has no <cpu>: libvirt takes qemu64, which QEMU refuses for TDX", (domain.place,), remedy)
    if cpu.mode == "host-passthrough":
        return Pass("its CPU is the host's", (cpu.place,))
    remedy = edit("pass the host's CPU through", _HOST, *cpu.pass_through, safe=True)
    because = f"its CPU is {cpu.model or cpu.mode or 'qemu64'}, and QEMU takes host-passthrough only for TDX"
    return Fail(because, (cpu.model_place or cpu.place,), remedy, value=cpu.model or cpu.mode)

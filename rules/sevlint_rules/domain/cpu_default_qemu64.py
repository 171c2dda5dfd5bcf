"""The CPU is QEMU's oldest model.

Why    Without a `<cpu>` libvirt starts qemu64, which has no AES and no AVX; SEV-SNP checks what the guest is told of
       its CPU, and may refuse it.
Fix    Use `<cpu mode='host-passthrough'/>`, or a model such as EPYC-Milan for launches that are measured on one host
       and run on another.
Refs   libvirt: docs/formatdomain.rst; qemu: target/i386/sev.c (libvirt-qemu 2.2 qemu64, 3.2 host-passthrough, 3.2 named
       model, 3.2 qemu64, 8 cpu-default-qemu64)

TDX takes host-passthrough only, which a rule of its own says.
"""

from sevlint.api import AMD_SEV, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_OLD = ("qemu64", "qemu32", "kvm64", "kvm32")
_HOST = "<cpu mode='host-passthrough'/>"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=AMD_SEV)
def judge(domain: Domain) -> Verdict:
    cpu = domain.cpu
    if cpu is None:
        remedy = edit("pass the host's CPU through", _HOST, change.add(domain.place, _HOST))
        return Fail("it has no <cpu>: libvirt takes qemu64", (domain.place,), remedy)
    place = cpu.model_place or cpu.place
    if cpu.model not in _OLD and (cpu.mode or cpu.model):
        return Pass("its CPU is no qemu64", (place,))
    remedy = edit("pass the host's CPU through", _HOST, *cpu.pass_through)
    return Fail(f"its CPU is {cpu.model or 'qemu64, which libvirt takes'}", (place,), remedy, value=cpu.model)

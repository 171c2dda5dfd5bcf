"""A TDX guest has more vCPUs than the host has CPUs.

Why    KVM lets a TDX guest have as many vCPUs as there are logical CPUs: QEMU stops with `Number of SMP cpus requested
       (...) exceeds the maximum cpus supported by KVM`.
Fix    Give the guest at most as many vCPUs as the host has logical CPUs.
Refs   linux: arch/x86/kvm/vmx/tdx.c; qemu: accel/kvm/kvm-all.c (intel-tdx 7.4 vcpu; libvirt-qemu 3.2 vcpu count)

CPUs of the host that are offline count for KVM and are not in cpuinfo: hence a medium confidence.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Pass, Severity, Subject, TdxRung, Verdict, edit, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.TDX},
    rung=TdxRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, cpu: Cpuinfo) -> Verdict:
    if domain.goal is not Goal.TDX or domain.vcpus is None or domain.vcpus_place is None:
        return NotApplicable("it is no TDX guest with a number of vCPUs")
    if domain.vcpus <= cpu.processors:
        return Pass("the host has as many CPUs", (domain.vcpus_place, cpu.place))
    because = f"it has {domain.vcpus} vCPUs, and its host {cpu.processors} CPUs: KVM refuses that for TDX"
    remedy = edit("give it fewer vCPUs", f"<vcpu>{cpu.processors}</vcpu>")
    return Fail(because, (domain.vcpus_place, cpu.place), remedy, value=str(domain.vcpus))

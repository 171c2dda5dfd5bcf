"""Memory may be plugged into the guest, or is a module of its own.

Why    Memory that comes after the launch is not measured, and the guest's firmware must accept it; under SEV-SNP and
       TDX nobody has shown that it works. What a nvdimm or virtio-pmem holds is a file of the host, in clear.
Fix    Give the guest its memory at start, and drop `<maxMemory>` and the memory devices.
Refs   qemu: target/i386/sev.c, system/physmem.c (libvirt-qemu 3.2 dimm, 3.2 dimm SEV-SNP, 3.2 virtio-mem SEV-SNP, 3.2
       nvdimm, 8 memory-hotplug; intel-tdx 7.4 hotplug)
"""

from sevlint.api import X86, Confidence, Fail, Goal, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.LOW)
def judge(domain: Domain, goal: Goal) -> Verdict:
    discards = goal in (Goal.SEV, Goal.SEV_ES)  # virtio-mem is refused there, which memory-virtio-mem says
    devices = [one for one in domain.all("memory") if not (discards and one.model == "virtio-mem")]
    remedy = edit("give it all memory at start")
    if devices:
        because = f"it has memory of its own kind ({devices[0].model}), which the launch does not measure"
        return Fail(because, (devices[0].place,), remedy, value=devices[0].model)
    if domain.max_memory is not None and not domain.all("memory"):
        return Fail("memory may be plugged into it after the launch", (domain.max_memory,), remedy, value="maxMemory")
    return Pass("it has all of its memory at start", (domain.memory_place or domain.place,))

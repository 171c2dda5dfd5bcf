"""A virtio-mem device in a SEV guest.

Why    virtio-mem gives memory back by discarding it, and SEV pins memory and forbids that: QEMU stops with `cannot
       disable RAM discard`.
Fix    Drop the device and give the guest its memory at start.
Refs   qemu: target/i386/sev.c (libvirt-qemu 3.2 virtio-mem, 8 memory-virtio-mem)
"""

from sevlint.api import AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV, Goal.SEV_ES}, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = [one.place for one in domain.all("memory") if one.model == "virtio-mem"]
    if not found:
        return Pass("it has no virtio-mem device", (domain.devices_place or domain.place,))
    remedy = edit("drop the virtio-mem device", "", *(change.drop(place) for place in found))
    because = "it has a virtio-mem device, which needs to discard memory, and SEV forbids that"
    return Fail(because, (found[0],), remedy, value="virtio-mem")

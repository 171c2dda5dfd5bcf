"""A virtio device is told not to go through the IOMMU, so it cannot reach the guest's memory.

Why    QEMU gives a confidential guest's virtio devices the IOMMU feature, and with it the guest's shared pages. An
       explicit iommu='off' wins: the device reads and writes encrypted or private memory, and fails. libvirt takes it.
Fix    Drop the attribute.
Refs   qemu: hw/core/machine.c (libvirt-qemu 2.2 iommu off, 3.1 iommu off, 8 virtio-iommu-off)
"""

from sevlint.api import X86, AmdRung, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU_CONFIDENTIAL_DEFAULTS
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict:
    found = [one for one in domain.devices if one.iommu == "off"]
    places = tuple(one.driver_place.at("iommu") for one in found if one.driver_place is not None)
    if not places:
        return Pass("no device has iommu='off'", (domain.devices_place or domain.place,))
    qemu = versions.qemu if versions is not None else None
    if qemu is not None and qemu.version < QEMU_CONFIDENTIAL_DEFAULTS:
        remedy = edit("write iommu='on'", "<driver iommu='on'/>", *(change.put(one, "on") for one in places), safe=True)
    else:
        remedy = edit("drop iommu='off'", "", *map(change.drop, places), safe=True)
    because = f"iommu='off' keeps {count(len(places), 'virtio device')} from reaching the guest's memory"
    return Fail(because, places, remedy=remedy, value="off")

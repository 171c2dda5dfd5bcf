"""A transitional virtio device, which cannot have the IOMMU feature.

Why    QEMU gives the virtio devices of a confidential guest the IOMMU feature, which legacy and transitional devices do
       not have: it stops with `VIRTIO_F_IOMMU_PLATFORM was supported by neither legacy nor transitional device`.
Fix    Write virtio-non-transitional.
Refs   qemu: hw/virtio/virtio-pci.c, hw/core/machine.c (libvirt-qemu 3.1)
"""

from sevlint.api import X86, AmdRung, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    places = tuple(
        one.model_place.at("type") if one.model_place is not None else one.place.at("model")
        for one in domain.devices
        if one.model == "virtio-transitional"
    )
    if not places:
        return Pass("it has no transitional virtio device", (domain.devices_place or domain.place,))
    new = "virtio-non-transitional"
    remedy = edit(f"write {new}", f"model='{new}'", *(change.put(one, new) for one in places), safe=True)
    because = f"{count(len(places), 'transitional virtio device')}, which QEMU refuses in a confidential guest"
    return Fail(because, places, remedy=remedy, value="virtio-transitional")

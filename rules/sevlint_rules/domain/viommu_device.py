"""A virtual IOMMU.

Why    The host emulates it: it protects the guest from nothing that the host does. With caching mode
       everything that is mapped is pinned. virtiofs does not work behind it: QEMU stops with `iommu_platform=true is
       not supported by the device`.
Fix    Drop `<iommu>`, unless the guest needs it for nested devices.
Refs   qemu: hw/virtio/virtio-bus.c; libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 viommu, 3.2 virtiofs viommu, 8
       viommu-device)

More than 255 vCPUs need one for interrupts: such a domain is left alone.
"""

from sevlint.api import (
    X86,
    AmdRung,
    Confidence,
    Fail,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain

_XAPIC_LIMIT = 255


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    found = domain.all("iommu")
    if not found:
        return Pass("it has no virtual IOMMU", (domain.devices_place or domain.place,))
    if domain.vcpus is not None and domain.vcpus > _XAPIC_LIMIT:
        return NotApplicable(f"{domain.vcpus} vCPUs need a virtual IOMMU for their interrupts")
    shared = next((one for one in domain.all("filesystem") if one.driver == "virtiofs"), None)
    remedy = edit("drop the virtual IOMMU", "", *(change.drop(one.place) for one in found))
    if shared is not None:
        because = "virtiofs does not work behind its virtual IOMMU: QEMU refuses the device"
        return Fail(because, (found[0].place, shared.place), remedy, value="virtiofs")
    because = "its virtual IOMMU is the host's: it protects the guest from nothing"
    seen = tuple(one.place for one in found)
    return Fail(because, seen, remedy, Severity.WARNING, value=found[0].model)

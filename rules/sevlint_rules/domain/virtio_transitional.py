"""A transitional virtio device, which cannot have the IOMMU feature.

Why    QEMU gives the virtio devices of a confidential guest the IOMMU feature, which legacy and transitional devices do
       not have: it stops with `VIRTIO_F_IOMMU_PLATFORM was supported by neither legacy nor transitional device`.
       Plain virtio devices of an i440fx are transitional too where QEMU is older than 6.0.
Fix    Write virtio-non-transitional.
Refs   qemu: hw/virtio/virtio-pci.c, hw/core/machine.c (libvirt-qemu 3.1 transitional, 3.1 non-transitional, 8
       virtio-transitional)
"""

from sevlint.api import X86, AmdRung, Fail, Open, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Device, Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_DEMANDS_NEW_QEMU, QEMU_CONFIDENTIAL_DEFAULTS
from sevlint.words import count

_PLAIN = ("disk", "interface", "controller", "memballoon", "rng")


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict:
    qemu = versions.qemu if versions is not None else None
    libvirt = versions.libvirt if versions is not None else None
    is_new = (qemu is not None and qemu.version >= QEMU_CONFIDENTIAL_DEFAULTS) or (
        libvirt is not None and libvirt.version >= LIBVIRT_DEMANDS_NEW_QEMU
    )
    plain = [one for one in domain.devices if domain.is_i440fx and not is_new and _is_transitional(one)]
    places = tuple(
        one.model_place.at("type") if one.model_place is not None else one.place.at("model")
        for one in domain.devices
        if one.model == "virtio-transitional" or (qemu is not None and one in plain)
    )
    if not places and plain:
        return Open("the version of the host's QEMU was not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    if not places:
        return Pass("it has no transitional virtio device", (domain.devices_place or domain.place,))
    new = "virtio-non-transitional"
    remedy = edit(f"write {new}", f"model='{new}'", *(change.put(one, new) for one in places), safe=True)
    because = f"{count(len(places), 'transitional virtio device')}, which QEMU refuses in a confidential guest"
    return Fail(because, places, remedy=remedy, value="virtio-transitional")


def _is_transitional(one: Device) -> bool:
    """Plain virtio on the PCI bus of an i440fx is transitional, and QEMU before 6.0 leaves it so."""
    return one.kind in _PLAIN and one.is_virtio and one.iommu == "on" and one.model in ("", "virtio", "virtio-scsi")

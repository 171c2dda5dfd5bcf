"""A virtio device without `iommu='on'` on a QEMU that does not set it by itself.

Why    Before QEMU 6.0 a virtio device uses the IOMMU feature only where it is told to; without it the device reads and
       writes encrypted memory, and the guest gets garbage or hangs.
Fix    Add `<driver iommu='on'/>` to every virtio device, or upgrade QEMU to 6.0 or newer.
Refs   qemu: hw/core/machine.c; libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 3.1 defaults, 3.1 minimum
       QEMU, 7 SEV-ES, 7 minimum QEMU, 8 virtio-iommu-missing-old-qemu)

SEV-ES and the later types need QEMU 6.0 anyway: qemu-too-old speaks of that.
"""

from sevlint.api import AmdRung, Fail, Goal, Needs, Open, Pass, Severity, Subject, Verdict, edit, rule, upgrade
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_DEMANDS_NEW_QEMU, QEMU_CONFIDENTIAL_DEFAULTS, text
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV}, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions) -> Verdict:
    qemu = versions.qemu
    libvirt = versions.libvirt
    if qemu is None and libvirt is not None and libvirt.version >= LIBVIRT_DEMANDS_NEW_QEMU:
        return Pass(f"libvirt {libvirt.text} runs no QEMU that old", (libvirt.place,))
    if qemu is None:
        return Open("the version of the host's QEMU was not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    if qemu.version >= QEMU_CONFIDENTIAL_DEFAULTS:
        return Pass(f"QEMU {qemu.text} sets it by itself", (qemu.place,))
    found = [one for one in domain.devices if one.is_virtio and not one.iommu]
    if not found:
        return Pass("every virtio device says it", (domain.devices_place or domain.place,))
    changes = [one.turn_iommu_on for one in found]
    because = f"{count(len(found), 'virtio device')} without iommu='on', which QEMU {qemu.text} does not set by itself"
    remedy = edit("turn the IOMMU feature on", "<driver iommu='on'/>", *changes, safe=True)
    if domain.is_i440fx:  # there the devices would have to be non-transitional as well
        remedy = upgrade("QEMU", text(QEMU_CONFIDENTIAL_DEFAULTS), Needs.VM_RESTART)
    return Fail(because, (*(one.place for one in found), qemu.place), remedy=remedy)

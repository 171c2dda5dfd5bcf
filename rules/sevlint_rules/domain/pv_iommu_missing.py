"""A virtio device without `iommu='on'` on a QEMU that does not set it by itself.

Why    A guest under s390 Secure Execution reaches its devices through shared pages. QEMU gives virtio devices the
       feature for it by itself since 6.0; before, only where the domain says so.
Fix    Add `<driver iommu='on'/>` to every virtio device, or upgrade QEMU to 6.0 or newer.
Refs   libvirt: docs/kbase/s390_protected_virt.rst (libvirt-qemu 3.1 defaults, 8 pv-iommu-missing); intel-tdx 11.1
"""

from sevlint.api import Confidence, Fail, Goal, Open, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU_CONFIDENTIAL_DEFAULTS
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.S390_PV}, confidence=Confidence.MEDIUM)
def judge(domain: Domain, versions: StackVersions) -> Verdict:
    qemu = versions.qemu
    if qemu is None:
        return Open("the version of the host's QEMU was not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    if qemu.version >= QEMU_CONFIDENTIAL_DEFAULTS:
        return Pass(f"QEMU {qemu.text} sets it by itself", (qemu.place,))
    found = [one for one in domain.devices if one.is_virtio and one.iommu != "on"]
    if not found:
        return Pass("every virtio device has iommu='on'", (domain.devices_place or domain.place,))
    changes = [one.turn_iommu_on for one in found]
    because = f"{count(len(found), 'virtio device')} without iommu='on', which QEMU {qemu.text} does not set by itself"
    remedy = edit("turn the IOMMU feature on", "<driver iommu='on'/>", *changes)
    return Fail(because, (*(one.place for one in found), qemu.place), remedy=remedy)

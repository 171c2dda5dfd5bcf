"""`iommu='on'` on virtio devices, which QEMU sets by itself.

Why    Since QEMU 6.0 every virtio device of a confidential guest has the IOMMU feature; the attribute changes nothing.
Fix    Drop it; keep it where the domain also runs on a QEMU before 6.0.
Refs   qemu: hw/core/machine.c; libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 3.1 iommu on, 3.1 minimum
       QEMU, 3.3 #1, 7 minimum QEMU, 8 virtio-iommu-on-redundant)

Many manuals still ask for it on every device: true for QEMU before 6.0 only, which libvirt 11.2 and newer does not run.
"""

from sevlint.api import X86, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_DEMANDS_NEW_QEMU, QEMU_CONFIDENTIAL_DEFAULTS
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict:
    found = [one for one in domain.devices if one.iommu == "on"]
    places = tuple(one.driver_place.at("iommu") for one in found if one.driver_place is not None)
    if not places:
        return Pass("no device has iommu='on'", (domain.devices_place or domain.place,))
    qemu = versions.qemu if versions is not None else None
    if qemu is not None and qemu.version < QEMU_CONFIDENTIAL_DEFAULTS:
        return NotApplicable(f"QEMU {qemu.text} needs it")
    libvirt = versions.libvirt if versions is not None else None
    demands = libvirt is not None and libvirt.version >= LIBVIRT_DEMANDS_NEW_QEMU
    is_new = qemu is not None or demands or domain.goal not in (Goal.SEV, None)  # other types need QEMU 6.0 anyway
    remedy = edit("drop iommu='on'", "", *map(change.drop, places), safe=is_new)
    because = f"iommu='on' on {count(len(places), 'device')} is what QEMU sets by itself since 6.0"
    return Fail(because, places, remedy=remedy, value="on")

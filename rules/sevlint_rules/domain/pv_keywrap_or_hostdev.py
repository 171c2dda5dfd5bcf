"""A device of the host is assigned to a guest under s390 Secure Execution.

Why    Passing devices through (vfio-ccw, vfio-ap, PCI) is said not to work, or not to be protected, there.
Fix    Use virtio devices, and encrypt in the guest.
Refs   libvirt: docs/kbase/s390_protected_virt.rst (libvirt-qemu 8 pv-keywrap-or-hostdev); intel-tdx 11.1

What newer machines allow is not sourced well: low confidence.
"""

from sevlint.api import Confidence, Fail, Goal, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.S390_PV}, confidence=Confidence.LOW)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("hostdev") if one.type in ("mdev", "pci")]
    if not found:
        return Pass("it is assigned no device of the host", (domain.devices_place or domain.place,))
    because = f"{count(len(found), 'device')} of the host, said not to work under Secure Execution"
    remedy = edit("use virtio devices")
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].model)

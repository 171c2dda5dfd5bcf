"""The host's confinement of this VM is switched off.

Why    sVirt keeps a QEMU that was taken over away from other VMs and the host; with seclabel type='none' nothing does.
Fix    Drop the element: libvirt confines the VM by itself.
Refs   libvirt: docs/formatdomain.rst, security label (libvirt-qemu 3.2, 8)

For model dac see seclabel-dac-norelabel.
"""

from sevlint.api import CONFIDENTIAL, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.security_labels if one.type == "none" and one.model != "dac"]
    if not found:
        return Pass("its confinement is not switched off", (domain.place,))
    remedy = edit("let libvirt confine it", "", *(change.drop(one.place) for one in found))
    because = f"its confinement{f' by {found[0].model}' if found[0].model else ''} is switched off"
    return Fail(because, tuple(one.place.at("type") for one in found), remedy=remedy, value=found[0].model)

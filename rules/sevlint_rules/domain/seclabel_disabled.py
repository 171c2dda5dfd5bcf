"""The host's confinement of this VM is switched off.

Why    sVirt keeps a QEMU that was taken over away from other VMs and the host; with seclabel type='none' nothing does.
       Without the model dac QEMU keeps the owner and the files that somebody else gave it.
Fix    Drop the element: libvirt confines the VM by itself.
Refs   libvirt: docs/formatdomain.rst, security label (libvirt-qemu 3.2 seclabel, 8 seclabel-disabled)

Of the model dac in SEV guests, which then miss /dev/sev, seclabel-dac-norelabel speaks.
"""

from sevlint.api import AMD_SEV, CONFIDENTIAL, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain, goal: Goal) -> Verdict:
    labels = [one for one in domain.security_labels if one.model != "dac" or goal not in AMD_SEV]
    found = [one for one in labels if one.type == "none" or (one.model == "dac" and one.relabel == "no")]
    if not found:
        return Pass("its confinement is not switched off", (domain.place,))
    remedy = edit("let libvirt confine it", "", *(change.drop(one.place) for one in found))
    because = f"its confinement{f' by {found[0].model}' if found[0].model else ''} is switched off"
    return Fail(
        because,
        tuple(one.place.at("type" if one.type == "none" else "relabel") for one in found),
        remedy=remedy,
        value=found[0].model,
    )

"""The guest may suspend itself, which an encrypted guest does not survive.

Why    To sleep and to wake needs the host to save and restore the guest's state, which it cannot read: the guest fails
       on the way.
Fix    Write enabled='no', as virt-install does.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 suspend, 8 pm-suspend-enabled; intel-tdx 7.4 pm, 7.4 pm enable)

A TDX template that circulates writes `enable='no'`, which libvirt ignores: the attribute is `enabled`. That is a note.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86)
def judge(domain: Domain) -> Verdict:
    both = [one for one in (domain.suspend_to_mem, domain.suspend_to_disk) if one is not None]
    found = [one.place for one in both if one.text == "yes"]
    mute = [one.place for one in both if not one.text]
    if mute and not found:
        changes = (change.put(place.at("enabled"), "no") for place in mute)
        remedy = edit("write the attribute enabled", "enabled='no'", *changes, safe=True)
        because = "its <pm> does not say what is enabled, and QEMU's default holds"
        return Fail(because, tuple(mute), remedy, severity=Severity.NOTE, value="silent")
    if not found:
        return Pass("it does not ask for suspend", (both[0].place if both else domain.place,))
    remedy = edit("forbid it", "enabled='no'", *(change.put(place, "no") for place in found), safe=True)
    return Fail("it may suspend itself, which an encrypted guest does not survive", tuple(found), remedy, value="yes")

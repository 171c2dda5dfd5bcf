"""libvirt is told not to give QEMU its files, and that includes /dev/sev.

Why    libvirt makes a /dev/sev of the VM's own and gives it to QEMU's user; with relabel='no' of the model dac it does
       not, and QEMU cannot open the device, which is root's.
Fix    Drop the element, or the attribute relabel.
Refs   libvirt: src/security/security_dac.c (libvirt-qemu 4.3 dac relabel, 8 seclabel-dac-norelabel)

A VM whose label is root needs no relabelling. An udev rule for /dev/sev may mend it too: hence medium confidence.
"""

from sevlint.api import AMD_SEV, AmdRung, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_ROOT = ("0", "+0", "root")


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=AMD_SEV,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    found = [
        one
        for one in domain.security_labels
        if one.model == "dac" and (one.relabel == "no" or one.type == "none") and one.label.split(":")[0] not in _ROOT
    ]
    if not found:
        return Pass("libvirt may give it /dev/sev", (domain.place,))
    remedy = edit("let libvirt set owners", "", *(change.drop(one.place) for one in found))
    places = tuple(one.place.at("relabel" if one.relabel else "type") for one in found)
    return Fail("libvirt may not give QEMU's user the device /dev/sev", places, remedy=remedy, value="dac")

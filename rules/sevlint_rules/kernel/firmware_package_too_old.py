"""The host's OVMF package is older than the first release that can boot such guests.

Why    OVMF boots SEV-ES guests since edk2-stable202102 and SEV-SNP guests since edk2-stable202405; with an older one
       the guest ends before its kernel runs.
Fix    Upgrade the package (edk2-ovmf, ovmf, qemu-ovmf-x86_64) to that release or a newer one.
Refs   AMDESE/AMDSEV README (amd-host 1.4 OVMF; libvirt-qemu 2.4 APIC MMIO); AMDEPYC/sev_component_test (peer-checks 12
       #7)

Judged by the year and month in the package's version. Distributions backport, hence the medium confidence; it is low
where the host's firmware descriptors offer the technology all the same. Domains that load an image of their own, from
outside /usr/share, are not judged by the package.

sev_component_test takes any one new image anywhere for a proof, whatever the domain uses.
"""

from sevlint.api import (
    Confidence,
    Fail,
    Goal,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    rule,
    upgrade,
)
from sevlint.facts.domain import Domain
from sevlint.facts.firmware import FirmwareDescriptors
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import OVMF

_PACKAGED = ("/usr/share/", "/usr/lib/")


@rule(about=Subject.HOST, severity=Severity.WARNING, goals={Goal.SEV_ES, Goal.SEV_SNP})
def judge(
    versions: StackVersions, descriptors: FirmwareDescriptors | None, domains: tuple[Domain, ...], goal: Goal
) -> Verdict:
    found, needed = versions.ovmf, OVMF[goal]
    if found is None:
        return NotApplicable("no OVMF package is installed, or its version names no release")
    mine = [one for one in domains if one.launch_security is not None and one.launch_security.goal is goal]
    own = [one for one in mine if one.firmware.loader and not one.firmware.loader.startswith(_PACKAGED)]
    if mine and len(own) == len(mine):
        return Open(f"domain {own[0].name} loads {own[0].firmware.loader}, whose release is not known")
    if found.version >= needed:
        return Pass(f"OVMF {found.text}", (found.place,))
    release = f"edk2-stable{needed[0]}{needed[1]:02}"
    because = f"OVMF {found.text} is older than {release}, the first that can boot {goal.value} guests"
    offer = next((one for one in descriptors.items if one.offers(goal)), None) if descriptors is not None else None
    seen = (found.place, offer.place) if offer is not None else (found.place,)
    confidence = Confidence.LOW if offer is not None else Confidence.MEDIUM
    remedy = upgrade("OVMF", release, Needs.VM_RESTART)
    return Fail(because, seen, remedy=remedy, confidence=confidence, value=found.text)

"""The host's libvirt is too old for this technology.

Why    libvirt knows SEV since 4.5, s390 Secure Execution since 7.6, SEV-SNP since 10.5 and TDX since 11.6; an older one
       refuses the domain with `Invalid value for attribute 'type' in element 'launchSecurity'`.
Fix    Upgrade libvirt to that version or a newer one.
Refs   libvirt: NEWS.rst, docs/formatdomain.rst (libvirt-qemu 1.1 sev, 1.1 sev-snp, 1.1 s390-pv, 1.1 tdx, 1.1 domcaps
       gate, 4.2 sectype, 7 SEV, 7 s390-pv, 7 SEV-SNP, 7 TDX, 7 comparison, 8 goal-version-unmet; amd-host 1.4 libvirt);
       AMDEPYC/sev_component_test (peer-checks 12 #6)
"""

from sevlint.api import (
    CONFIDENTIAL,
    AmdRung,
    Confidence,
    Fail,
    Goal,
    Needs,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    rule,
    upgrade,
)
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT, text


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.STACK)
def judge(versions: StackVersions, capabilities: SevDomainCapabilities | None, goal: Goal) -> Verdict:
    found, needed = versions.libvirt, LIBVIRT[goal]
    if found is None:
        return NotApplicable("no libvirt package is installed")
    if found.version >= needed:
        return Pass(f"libvirt {found.text}", (found.place,))
    type_name = "sev" if goal is Goal.SEV_ES else goal.value
    if capabilities is not None and type_name in capabilities.sectypes:
        return Pass(f"libvirt {found.text} offers {type_name}", (capabilities.place,))
    because = f"libvirt {found.text} does not know {goal.value}: that needs {text(needed)}"
    remedy = upgrade("libvirt", text(needed), Needs.RELOAD)
    confidence = Confidence.HIGH if found.version[0] < needed[0] - 1 else Confidence.MEDIUM
    return Fail(because, (found.place,), remedy=remedy, confidence=confidence, value=found.text)

"""The host's QEMU is too old for this technology.

Why    QEMU knows SEV since 2.12, SEV-ES and s390 Secure Execution since 6.0, SEV-SNP since 9.1 and TDX since 10.1; an
       older one refuses the object that libvirt passes it.
Fix    Upgrade QEMU to that version or a newer one.
Refs   qemu: target/i386/sev.c, docs/about (libvirt-qemu 4.2 sectype, 7 SEV, 7 SEV-ES, 7
       s390-pv, 7 SEV-SNP, 7 TDX, 7 comparison, 8 goal-version-unmet; amd-host 1.4 QEMU); AMDEPYC/sev_component_test
       (peer-checks 12 #6)

Distributions seldom backport QEMU features; where `virsh domcapabilities` offers the type, its word counts.

sev_component_test looks at one QEMU of a host that may have several, and has no minimum for SEV-SNP.
"""

from sevlint.api import (
    CONFIDENTIAL,
    PRIVATE_MEMORY,
    AmdRung,
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
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU, text

_PACKAGED = ("/usr/bin/", "/usr/libexec/", "/bin/")


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.STACK)
def judge(
    versions: StackVersions, capabilities: SevDomainCapabilities | None, domains: tuple[Domain, ...], goal: Goal
) -> Verdict:
    found, needed = versions.qemu, QEMU[goal]
    if found is None:
        return NotApplicable("no QEMU package is installed")
    mine = [one for one in domains if one.launch_security is not None and one.launch_security.goal is goal]
    own = next((one for one in mine if one.emulator and not one.emulator.startswith(_PACKAGED)), None)
    packaged = any(one.emulator.startswith(_PACKAGED) or not one.emulator for one in mine)
    if own is not None and (found.version >= needed or not packaged):
        return Open(f"domain {own.name} runs {own.emulator}, whose version is not known")
    if found.version >= needed:
        return Pass(f"QEMU {found.text}", (found.place,))
    if goal in PRIVATE_MEMORY and capabilities is not None and goal.value in capabilities.sectypes:
        return Pass(f"libvirt offers {goal.value} with this QEMU", (capabilities.place,))
    because = f"QEMU {found.text} cannot run {goal.value}: that needs {text(needed)}"
    remedy = upgrade("QEMU", text(needed), Needs.VM_RESTART)
    confidence = Confidence.HIGH if found.version[0] < needed[0] - 1 else Confidence.MEDIUM
    return Fail(because, (found.place,), remedy=remedy, confidence=confidence, value=found.text)

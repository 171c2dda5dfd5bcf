"""The configuration expects a protected domain, and this one asks for no protection.

Why    Without launchSecurity the VM runs in plain memory: the host reads all of it.
Fix    Add the launchSecurity that is expected, and firmware that can run it; the rest is said then.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 1.4 SEV-ES, 1.4 SNP, 1.4 TDX, 1.4 s390, 8 launch-security-missing)

What is expected stands under `expect` in `.sevlint.yaml`.
"""

from sevlint.api import (
    CONFIDENTIAL,
    AmdRung,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain, DomainXml
from sevlint.facts.goals import Expected
from sevlint.facts.policy import demanded

_TYPES = {Goal.SEV: "sev", Goal.SEV_ES: "sev", Goal.SEV_SNP: "sev-snp", Goal.TDX: "tdx"}


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml, expected: Expected | None) -> Verdict:
    if expected is None:
        return NotApplicable("no configuration says what this domain must be")
    if domain.launch_security is not None:
        return Pass("it asks for protection", (domain.launch_security.place,))
    if xml.launch_elements:
        return NotApplicable("what looks like its launchSecurity is misspelt")
    wanted = expected.expectation
    fragment = "<launchSecurity type='s390-pv'/>"
    if wanted.goal in _TYPES:
        policy = f"  <policy>{demanded(wanted, wanted.goal)}</policy>"
        fragment = f"<launchSecurity type='{_TYPES[wanted.goal]}'>\n{policy}\n</launchSecurity>"
    remedy = edit(f"ask for {wanted.goal.value}", fragment, change.add(domain.place, fragment))
    because = f"{wanted.by} expects {wanted.goal.value} of it, and it has no launchSecurity"
    return Fail(because, (domain.place,), remedy=remedy, value=wanted.goal.value)

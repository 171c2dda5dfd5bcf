"""A SEV-ES guest on a host that runs SEV-SNP.

Why    A SEV-ES guest can be used to attack the SEV-SNP guests beside it. Firmware that mends it, said to be API 1.58
       and newer, refuses to start SEV-ES guests while SEV-SNP is on: `LAUNCH_START ret=1 fw_error=21`.
Fix    Turn the guest into a SEV-SNP guest, or run it on a host that has SEV-SNP off.
Refs   AMD-SB-3023 (CVE-2025-48514); kubevirt/kubevirt pull 17154; AMDESE/AMDSEV issue 282
       (peer-checks 18 CVE-2025-48514)

From which version on the firmware refuses is the word of another project, not AMD's: hence a warning.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.kernel import ModuleParameters
from sevlint.facts.trust import AmdBulletins, SevFirmware, version


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV_ES})
def judge(domain: Domain, parameters: ModuleParameters, firmware: SevFirmware | None, known: AmdBulletins) -> Verdict:
    launch = domain.launch_security
    found = parameters.get("kvm_amd", "sev_snp")
    if launch is None or launch.goal is not Goal.SEV_ES:
        return NotApplicable("it is no SEV-ES guest")
    if found is None and parameters.lists("kvm_amd"):
        return NotApplicable("the host's kvm_amd has no SEV-SNP")
    if found is None:
        return Open("whether the host has SEV-SNP on was not collected", ("sys/module/kvm_amd/parameters/*",))
    if found.is_false:
        return Pass("the host has SEV-SNP off", (found.place,))
    remedy = edit("make it a SEV-SNP guest", "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>")
    bulletin = known.get("sev-es-beside-snp")
    places = (launch.place, found.place, *((firmware.place,) if firmware is not None else ()))
    if firmware is not None and firmware.version[:2] >= version(bulletin.refuses_from):
        because = f"SEV firmware {firmware.text} refuses SEV-ES guests while SEV-SNP is on ({bulletin.label})"
        return Fail(because, places, remedy, confidence=Confidence.MEDIUM)
    because = f"a SEV-ES guest beside SEV-SNP can be used to attack SNP guests ({bulletin.label})"
    return Fail(because, places, remedy)

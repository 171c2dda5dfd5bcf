"""Plain SEV, where SEV-ES could be asked for.

Why    Without SEV-ES the hypervisor reads and changes the guest's registers whenever it stops, and with them what the
       guest has just decrypted. Neither protects the integrity of memory: SEV-SNP does.
Fix    Make it a SEV-SNP guest where host and firmware can; else set policy bit 2, which makes it SEV-ES: 0x0007.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.3 SEV bit 2, 1.3 SEV 0x0001, 1.3 SEV 0x0003,
       1.3 SEV 0x0007, 3.3 #10, 8 sev-policy-without-es); amd-host 1.3

A note where the host is known for an EPYC 7001, which can do no more. A SEV-ES guest cannot have SMM, and needs ASIDs
set apart for it in the BIOS.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain
from sevlint.facts.kernel import ModuleParameters

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})
_ES = 1 << 2
_SNP = "<launchSecurity type='sev-snp'><policy>0x00030000</policy></launchSecurity>"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=_GOALS)
def judge(domain: Domain, cpu: Cpuinfo | None, parameters: ModuleParameters | None) -> Verdict:
    found = domain.policy_of(*_GOALS)
    if found is None:
        return NotApplicable("it has no SEV policy whose bits mean what they say")
    policy, place = found
    if policy & _ES:
        return Pass("its policy asks for SEV-ES", (place,))
    because, value = f"its policy 0x{policy:x} is plain SEV: the host reads the guest's registers", f"0x{policy:x}"
    if cpu is not None and cpu.generation == "naples":
        return Fail(f"{because}, as on any EPYC 7001", (place, cpu.model_place), severity=Severity.NOTE, value=value)
    snp = parameters.get("kvm_amd", "sev_snp") if parameters is not None else None
    if snp is not None and snp.is_true:  # beside SEV-SNP a SEV-ES guest is a fault of its own (peer-checks 18)
        return Fail(because, (place, snp.place), edit("make it a SEV-SNP guest", _SNP), value=value)
    mended = f"0x{policy | _ES:04x}"
    remedy = edit("ask for SEV-ES, or make it a SEV-SNP guest", f"<policy>{mended}</policy>", change.put(place, mended))
    return Fail(because, (place,), remedy, value=value)

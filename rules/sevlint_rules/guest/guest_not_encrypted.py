"""The guest is not protected as its domain asks.

Why    The guest's own kernel says which protection is active. Less than what was asked for means that its memory, or
       its registers, are open to the host.
Fix    Compare the guest's DMI UUID with the domain's: it may be another VM's log. Then give the domain its
       launchSecurity, shut the VM down and start it: a reboot inside the guest keeps the old QEMU.
Refs   linux: arch/x86/mm/mem_encrypt.c, arch/x86/coco (guest-and-swiotlb 0, 3.1, 3.6); virtee/snpguest
       (peer-checks 3 #1); amd/sev-utils (peer-checks 10 #4); AMDEPYC/sev_component_test (peer-checks 12 #10)

Only a log that reaches back to boot proves the absence. `AMD SME` in the same line is the host's own encryption. The
guest's kernel is not to blame: without support for SEV or TDX it would not boot in an encrypted VM at all.

Judged by what the domain asks: `snpguest ok` fails a guest that is meant to have SEV alone. The test of
sev_component_test, entropy of QEMU's memory, takes compressed data for encrypted, and cannot read SEV-SNP's.
"""

from sevlint.api import X86, AmdRung, Fail, Goal, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.domain import Domain
from sevlint.facts.guest import GuestProtection

_AMD = (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)
_TYPES = {
    Goal.SEV: "type sev",
    Goal.SEV_ES: "type sev with policy bit 2",
    Goal.SEV_SNP: "type sev-snp",
    Goal.TDX: "type tdx",
}


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86, rung=AmdRung.GUEST, symptom=True)
def judge(protection: GuestProtection, domain: Domain | None, goal: Goal) -> Verdict:
    active = protection.active
    seen = (protection.place,)
    if active is None:
        return Fail(f"the guest is not encrypted: its kernel log has no trace of {goal.value} back to boot", seen)
    if active is goal or (active in _AMD and goal in _AMD and _AMD.index(active) > _AMD.index(goal)):
        return Pass(f"the guest says that {active.value} is active", seen)
    asks = domain is not None and domain.launch_security is not None and domain.launch_security.goal is goal
    text = f"ask for launchSecurity {_TYPES[goal]} in its domain, shut the VM down and start it again"
    if asks:
        text = "shut the VM down and start it again: its domain asks for it already (or the log is another VM's)"
    remedy = Remedy(text, needs=Needs.VM_RESTART)
    return Fail(f"the guest has {active.value}, not {goal.value}", seen, remedy=remedy, value=active.value)

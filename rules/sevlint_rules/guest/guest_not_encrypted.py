"""The guest is not protected as its domain asks.

Why    The guest's own kernel says which protection is active. Less than what was asked for means that its memory, or
       its registers, are open to the host.
Fix    Shut the guest down and start it from the domain's XML (a restart keeps the old QEMU), then look at this log
       again; the guest's kernel needs CONFIG_AMD_MEM_ENCRYPT or CONFIG_INTEL_TDX_GUEST.
Refs   linux: arch/x86/mm/mem_encrypt.c, arch/x86/coco (guest-and-swiotlb 0, 3.1)

Only a log that reaches back to boot proves the absence. `AMD SME` in the same line is the host's own encryption.
"""

from sevlint.api import X86, AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.guest import GuestProtection

_AMD = (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=X86, rung=AmdRung.GUEST, symptom=True)
def judge(protection: GuestProtection, goal: Goal) -> Verdict:
    active = protection.active
    enough = active is goal or (active in _AMD and goal in _AMD and _AMD.index(active) >= _AMD.index(goal))
    if enough and active is not None:
        return Pass(f"the guest's kernel says that {active.value} is active", (protection.place,))
    if active is None:
        because = f"the guest is not encrypted: its kernel log has no trace of {goal.value} back to boot"
        return Fail(because, (protection.place,))
    return Fail(f"the guest has {active.value} only, not {goal.value}", (protection.place,), value=active.value)

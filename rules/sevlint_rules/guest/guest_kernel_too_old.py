"""The guest's kernel is too old to run under this technology.

Why    A guest's kernel knows SEV since Linux 4.16, SEV-ES since 5.11 and SEV-SNP since 5.19 (better 6.11); an older one
       does not come up in such a VM.
Fix    Upgrade the guest's kernel before its domain asks for the technology.
Refs   AMDESE/AMDSEV README (amd-host 1.4 guest kernel, 1.4 backports)

A guest that says that the technology is active has the support, whatever its version. Distributions backport: of their
kernels it is a warning of medium confidence.
"""

from sevlint.api import AMD_SEV, Confidence, Fail, Goal, Needs, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.guest import GuestProtection
from sevlint.facts.kernel import KernelVersion
from sevlint.facts.versions import GUEST_KERNEL, text

_ORDER = (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)


@rule(about=Subject.GUEST, severity=Severity.ERROR, goals=AMD_SEV)
def judge(kernel: KernelVersion, protection: GuestProtection | None, goal: Goal) -> Verdict:
    needed = GUEST_KERNEL[goal]
    if kernel.version >= needed:
        return Pass(f"kernel {kernel.release}", (kernel.place,))
    active = protection.active if protection is not None else None
    if protection is not None and active in _ORDER and _ORDER.index(active) >= _ORDER.index(goal):
        return Pass(f"kernel {kernel.release} runs under {active.value}", (protection.place,))
    because = f"the guest's kernel {kernel.release} is too old for {goal.value}, which needs {text(needed)}"
    remedy = upgrade("the guest's kernel", text(needed), Needs.VM_RESTART)
    lowered = (Severity.WARNING, Confidence.MEDIUM) if kernel.vendor else (Severity.ERROR, Confidence.HIGH)
    return Fail(because, (kernel.place,), remedy, *lowered, value=kernel.release)

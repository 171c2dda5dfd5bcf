"""KVM has SEV off.

Why    The parameter in sysfs is the outcome, not the request: KVM decided at load that it cannot or
       may not offer SEV.
Fix    Mend the cause; where none is named, collect the kernel log back to boot, which says why.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0)

A symptom: it folds under the first broken rung below KVM.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.kernel import SevParameters


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KVM, symptom=True)
def judge(parameters: SevParameters) -> Verdict:
    found = parameters.sev
    if found is None:
        return NotApplicable("this kernel's kvm_amd has no parameter `sev`")
    if found.is_false:
        return Fail("KVM has SEV off", (found.place,), value=found.value)
    return Pass("KVM has SEV on", (found.place,))

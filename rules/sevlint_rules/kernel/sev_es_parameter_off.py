"""KVM has SEV-ES off.

Why    The parameter in sysfs is the outcome, not the request, and so is KVM's line in the kernel log: KVM decided at
       load that it cannot or may not offer SEV-ES.
Fix    Mend the cause; where none is named, read the kernel log back to boot, which says why. Before Linux 5.13
       it is off unless `kvm_amd.sev_es=1` asks for it.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0 #3, 0 outcome, 3 kvm_amd.sev_es, 4.1 sev_es, 5.1 #9, 5.1 #10);
       virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #7, #20, 2 #5)

A symptom: it folds under the first broken rung below KVM. Where the parameter was not collected, `SEV-ES disabled` in
the log is proof enough; `SEV-ES enabled` is not.

snphost's `SEV-ES initialized` asks the firmware, which may say no on an idle host until the first INIT.
"""

from sevlint.api import ENCRYPTED_STATE, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion, SevDecisions, ask_for


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals=ENCRYPTED_STATE,
    rung=AmdRung.KVM,
    symptom=True,
    because_of=("sev-parameter-off", "dev-sev-missing"),
)
def judge(decisions: SevDecisions, kernel: KernelVersion | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and cpu.in_vm:
        return NotApplicable("this kernel runs in a VM")
    found = decisions.sev_es
    if found is None:
        return NotApplicable("this kernel's kvm_amd has no parameter `sev_es`")
    if found.offers is None:
        return found.unproven
    if not found.offers:
        remedy = ask_for("sev_es", kernel)
        return Fail("KVM has SEV-ES off", (found.place,), remedy=remedy, value=found.value)
    return Pass("KVM has SEV-ES on", (found.place,))

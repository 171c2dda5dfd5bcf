"""KVM has SEV off.

Why    The parameter in sysfs is the outcome, not the request, and so is KVM's line in the kernel log: KVM decided at
       load that it cannot or may not offer SEV.
Fix    Mend the cause; where none is named, read the kernel log back to boot, which says why. Before Linux 5.13
       it is off unless `kvm_amd.sev=1` asks for it.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0 #2, 0 outcome, 0 three facts, 2 order of symptoms, 3 kvm_amd.sev,
       4.1 sev, 4.1 Y or 1, 5.1 #6, 7.2 capacity before the check, 9 #10); virtee/snphost, virtee/sevctl src/ok.rs
       (peer-checks 1 #8, #20, 2 #5); libvirt: tools/virt-host-validate-common.c (peer-checks 4 #9)

The kernel prints `Y` and `N` since 5.13, `1` and `0` before; an older virt-host-validate knows only `1`, and asks for
`kvm_amd.sev=1` on hosts that have SEV on.

A symptom: it folds under the first broken rung below KVM. Where the parameter was not collected, `SEV disabled` in the
log is proof enough; `SEV enabled` is not.

snphost's `SEV initialized` fails on an idle host whose driver puts INIT off (`ccp.psp_init_on_probe=0`);
that is no fault, and the parameter tells it from one.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion, SevDecisions, ask_for


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals=AMD_SEV,
    rung=AmdRung.KVM,
    symptom=True,
    because_of=("dev-sev-missing",),
)
def judge(decisions: SevDecisions, kernel: KernelVersion | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and cpu.in_vm:
        return NotApplicable("this kernel runs in a VM")
    found = decisions.sev
    if found is None:
        return NotApplicable("this kernel's kvm_amd has no parameter `sev`")
    if found.offers is None:
        return found.unproven
    if not found.offers:
        remedy = ask_for("sev", kernel)
        return Fail("KVM has SEV off", (found.place,), remedy=remedy, value=found.value)
    return Pass("KVM has SEV on", (found.place,))

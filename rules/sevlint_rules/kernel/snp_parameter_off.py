"""KVM has SEV-SNP off.

Why    The parameter in sysfs is the outcome, not the request, and so is KVM's line in the kernel log: KVM decided at
       load that it cannot or may not offer SEV-SNP.
Fix    Mend the cause; where none is named, read the kernel log back to boot, which says why (not so
       on Turin, which needs Linux 6.14 or a backport: an older kernel is silent).
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0 #5, 0 outcome, 1.2 RMPREAD, 2 order of symptoms, 3 kvm_amd.sev_snp,
       4.1 sev_snp, 5.1 #11, 5.1 #12, 5.2 #37, 9 #4, 9 #5);
       virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #12, #20, 2 #5); libvirt:
       tools/virt-host-validate-common.c (peer-checks 4 #11)

A symptom: it folds under the first broken rung below KVM. Where the parameter was not collected, `SEV-SNP disabled` in
the log is proof enough. Before about Linux 6.16 KVM says `Y` and `enabled` without asking the firmware: where the
driver names its firmware, that counts only with `SEV-SNP API:` of its last start, or with an SNP guest that runs.

The flag `sev_snp` in /proc/cpuinfo is no proof that SEV-SNP works, and before about Linux 6.16 KVM's line `SEV-SNP
enabled` is none: `Y` in this file and a line `SEV-SNP API:` in the log are.

snphost's hint to set `sev_snp=1` cannot help where the file shows `N`, and of the five causes that it names for `SNP
initialized` it chooses none; sevctl does not look at this parameter. virt-host-validate passes SEV-SNP by what the CPU
can do: with `iommu=pt`, without an RMP and with this `N` all the same.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import SevDecisions


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals={Goal.SEV_SNP},
    rung=AmdRung.KVM,
    symptom=True,
    because_of=("sev-parameter-off", "sev-es-parameter-off", "dev-sev-missing"),
)
def judge(decisions: SevDecisions, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and cpu.in_vm:
        return NotApplicable("this kernel runs in a VM")
    found = decisions.sev_snp
    if found is None:
        return NotApplicable("this kernel's kvm_amd has no parameter `sev_snp`")
    if found.offers is None:
        return found.unproven
    if not found.offers:
        return Fail("KVM has SEV-SNP off", (found.place,), value=found.value)
    return Pass("KVM has SEV-SNP on", (found.place,))

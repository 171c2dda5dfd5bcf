"""The module kvm_amd is not loaded.

Why    Without it there is no KVM on an AMD host, and SEV, SEV-ES and SEV-SNP are part of it.
Fix    Mend the cause; where none is named, load it with `modprobe kvm_amd` and read what the kernel says: a BIOS that
       has SVM off is the usual reason.
Refs   linux: arch/x86/kvm/svm/svm.c (amd-host 4.1 kvm_amd missing, 4.5 modules); virtee/snphost src/ok.rs
       (peer-checks 1 #19); libvirt: tools/virt-host-validate-common.c (peer-checks 4 #2);
       kata-containers/kata-containers (peer-checks 9 #2)

A symptom: it folds under the first broken rung below KVM, such as a line that keeps the module from being loaded. It
speaks only where a whole list of modules was collected and kvm_amd is not built in.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import HostModules
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KVM, symptom=True)
def judge(modules: HostModules, cpu: Cpuinfo) -> Verdict:
    if not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    state = modules.kvm_amd
    if state.present is None or state.place is None:
        return Open("nothing says whether kvm_amd is loaded or built in", ("proc/modules", "boot/config-*"))
    if not state.present:
        return Fail("kvm_amd is not loaded", (state.place,))
    return Pass("kvm_amd is built in" if state.built_in else "kvm_amd is loaded", (state.place,))

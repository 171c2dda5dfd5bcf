"""KVM has TDX off.

Why    The parameter in sysfs is the outcome, not the request: KVM was not asked for TDX, or could not bring it up.
Fix    Mend the cause; where none is named, ask for it with `kvm_intel.tdx=1` (it is off by default) and read the kernel
       log back to boot, which says why.
Refs   linux: arch/x86/kvm/vmx/tdx.c (intel-tdx 3)

A symptom: it folds under the first broken rung below KVM. A host whose kvm_intel has no such parameter has a kernel
that cannot host TDX (host-kernel-too-old).
"""

from sevlint.api import Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, TdxRung, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import ModuleParameters


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.KVM, symptom=True)
def judge(parameters: ModuleParameters, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_intel:
        return NotApplicable("no Intel CPU")
    found = parameters.get("kvm_intel", "tdx")
    if found is None and parameters.lists("kvm_intel"):
        return NotApplicable("this kernel's kvm_intel has no parameter `tdx`")
    if found is None or not (found.is_true or found.is_false):
        return Open("kvm_intel's parameter `tdx` was not collected", ("sys/module/kvm_intel/parameters/*",))
    if found.is_false:
        return Fail("KVM has TDX off", (found.place,), value=found.value)
    return Pass("KVM has TDX on", (found.place,))

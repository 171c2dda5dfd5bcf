"""KVM's MMIO caching is off, so KVM refuses SEV-ES and SEV-SNP.

Why    SEV-ES needs KVM to trap MMIO by caching it; without it KVM turns SEV-ES and SEV-SNP off and prints no message of
       its own.
Fix    Remove `kvm.mmio_caching=0` from the kernel command line or modprobe.d, and reload kvm and kvm_amd.
Refs   linux: arch/x86/kvm/svm/sev.c, arch/x86/kvm/mmu (amd-host 3 kvm.mmio_caching, 4.1 mmio_caching)

The file in sysfs shows the outcome; an option alone does not, as a kernel without the parameter ignores it.
"""

from sevlint.api import (
    AmdRung,
    Fail,
    Goal,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.boot import ModuleRequests
from sevlint.facts.kernel import ModuleParameters

_BECAUSE = "KVM's MMIO caching is off, so KVM refuses SEV-ES and SEV-SNP"
_FIND = Remedy("find what asks for `mmio_caching=0`, and reload kvm and kvm_amd", needs=Needs.RELOAD)


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_ES, Goal.SEV_SNP}, rung=AmdRung.KERNEL_OPTIONS)
def judge(parameters: ModuleParameters, requests: ModuleRequests | None) -> Verdict:
    found = parameters.get("kvm", "mmio_caching")
    if found is None and parameters.has("kvm"):
        return NotApplicable("this kernel's kvm has no such parameter")
    if found is None:
        return Open("whether MMIO caching is on was not collected", ("sys/module/kvm/parameters/mmio_caching",))
    if not found.is_false:
        return Pass("KVM's MMIO caching is on", (found.place,))
    request = requests.get("kvm", "mmio_caching") if requests is not None else None
    asked = request.asked[-1] if request is not None and request.asked[-1].option.is_false else None
    if asked is None:
        return Fail(_BECAUSE, (found.place,), remedy=_FIND)
    because = f"`{asked.option.text}` {asked.where}: {_BECAUSE}"
    return Fail(because, (asked.option.place, found.place), remedy=asked.remedy, value=asked.option.text)

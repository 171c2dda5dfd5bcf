"""A module cannot read a parameter's value, so it does not load.

Why    A module that cannot read one of its parameters is not loaded at all, and without kvm_amd, kvm
       and ccp there is no KVM, or no SEV.
Fix    Write a value that the kernel knows, or remove the option; before Linux 5.13 write `kvm_amd.sev=1`, as SEV is off
       unless asked for.
Refs   linux: kernel/params.c, arch/x86/kvm/svm/sev.c (amd-host 3 kvm_amd.sev, 3 kvm_amd.sev_es,
       3 kvm_amd.ciphertext_hiding_asids, 3 bool values, 7.4 parameter)

Since Linux 5.13 `sev` and `sev_es` take `1`, `y`, `on`, `0`, `n`, `off`; before, they were numbers, and `Y` or `on` was
refused. `ciphertext_hiding_asids` takes a number; `max` and `-1` were words of patches that were not merged so. A
distribution's kernel may have either form: there only a module that is missing proves it. Of any other parameter the
kernel's line "invalid for parameter" tells. What is kept for the next boot is
for boot-config-drift to say.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, AmdRung, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import InvalidOption, InvalidOptions
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(invalid: InvalidOptions, cpu: Cpuinfo | None) -> Verdict | Sequence[Fail]:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if invalid.items:
        return [_fail(one) for one in invalid.items]
    if invalid.doubt is not None:
        return invalid.doubt
    if invalid.loaded is not None:
        return Pass("kvm_amd is loaded, so it could read them", (invalid.loaded,))
    return Pass("kvm_amd can read every value that is asked for", (invalid.place,))


def _fail(one: InvalidOption) -> Fail:
    is_doubtful = one.parameter == "ciphertext_hiding_asids" and not one.said
    confidence = Confidence.LOW if is_doubtful else Confidence.HIGH if one.proof is not None else Confidence.MEDIUM
    severity = Severity.WARNING if is_doubtful else None
    return Fail(one.message, one.places, one.remedy, severity=severity, confidence=confidence, value=one.text)

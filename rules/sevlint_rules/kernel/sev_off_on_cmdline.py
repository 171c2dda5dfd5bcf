"""SEV is switched off by an option of kvm_amd.

Why    `kvm_amd.sev=0` turns off SEV, SEV-ES and SEV-SNP; `kvm_amd.sev_es=0` turns off SEV-ES, and SEV-SNP with it.
Fix    Remove the option from the kernel command line or from modprobe.d; since Linux 5.13 SEV is on by default, before
       it must be asked for (`kvm_amd.sev=1`).
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 3 kvm_amd.sev, 3 kvm_amd.sev_es, 3 spelling)
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.kernel import KernelVersion, SevSwitches

_NAMES = {Goal.SEV: ("sev",), Goal.SEV_ES: ("sev", "sev_es"), Goal.SEV_SNP: ("sev", "sev_es")}
_WORDS = {"sev": "SEV", "sev_es": "SEV-ES, and SEV-SNP with it,"}


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(switches: SevSwitches, kernel: KernelVersion | None, goal: Goal) -> Verdict | Sequence[Fail]:
    off = [one for one in switches.off if one.parameter in _NAMES[goal]]
    fails = [
        Fail(
            f"`{one.option.text}` {one.where} switches {_WORDS[one.parameter]} off",
            (one.option.place,),
            remedy=one.remedy(kernel),
            value=one.option.text,
        )
        for one in off
        if one.counts
    ]
    if off and not fails:
        return off[0].doubt
    return fails or Pass("no option of kvm_amd switches it off", (switches.place,))

"""SEV is switched off by an option of kvm_amd.

Why    `kvm_amd.sev=0` turns off SEV, SEV-ES and SEV-SNP; `kvm_amd.sev_es=0` turns off SEV-ES, and SEV-SNP with it.
Fix    Remove the option from the kernel command line or from modprobe.d; since Linux 5.13 SEV is on by default.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 3)
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Goal, Needs, Pass, Remedy, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.kernel import KernelCmdline, ModprobeConfig, ModuleParameters

_NAMES = {Goal.SEV: ("sev",), Goal.SEV_ES: ("sev", "sev_es"), Goal.SEV_SNP: ("sev", "sev_es")}


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(
    cmdline: KernelCmdline, modprobe: ModprobeConfig | None, parameters: ModuleParameters | None, goal: Goal
) -> Verdict:
    for name in _NAMES[goal]:
        option = cmdline.last(f"kvm_amd.{name}")
        if option is not None and option.is_false:
            because = f"`{option.text}` on the kernel command line switches {_word(name)} off"
            return Fail(because, (option.place,), remedy=boot_option.remove(option.text), value=option.text)
        line = modprobe.last("kvm_amd", name) if modprobe is not None else None
        outcome = parameters.get("kvm_amd", name) if parameters is not None else None
        if option is None and line is not None and line.is_false and (outcome is None or outcome.is_false):
            remedy = Remedy(f"remove `{line.text}` from {line.place.path} and reload kvm_amd", needs=Needs.RELOAD)
            because = f"`{line.text}` in modprobe.d switches {_word(name)} off"
            return Fail(because, (line.place,), remedy=remedy, value=line.text)
    return Pass("no option of kvm_amd switches it off", (cmdline.place,))


def _word(name: str) -> str:
    return "SEV-ES, and SEV-SNP with it," if name == "sev_es" else "SEV"

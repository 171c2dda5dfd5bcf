"""SEV-SNP is switched off at boot.

Why    KVM refuses every SNP launch; libvirt then reports the type as unsupported.
Fix    Remove `kvm_amd.sev_snp=0` or `sev=nosnp` from the boot configuration, or `sev_snp=0` from modprobe.d, and
       reboot.
Refs   linux: arch/x86/kvm/svm/sev.c, arch/x86/virt/svm/cmdline.c (amd-host 3)
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    Needs,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.kernel import KernelCmdline, ModprobeConfig, SevParameters


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.KERNEL_OPTIONS)
def judge(cmdline: KernelCmdline, modprobe: ModprobeConfig | None, parameters: SevParameters | None) -> Verdict:
    outcome = parameters.sev_snp if parameters is not None else None
    option = cmdline.last("kvm_amd.sev_snp")
    if option is not None and option.is_false:
        remedy = boot_option.remove(option.text)
        return Fail("SEV-SNP is switched off at boot", (option.place,), remedy=remedy, value=option.text)
    line = modprobe.last("kvm_amd", "sev_snp") if modprobe is not None else None
    if option is None and line is not None and line.is_false and (outcome is None or outcome.is_false):
        remedy = Remedy(f"remove `{line.text}` from {line.place.path} and reload kvm_amd", needs=Needs.RELOAD)
        return Fail("SEV-SNP is switched off in modprobe.d", (line.place,), remedy=remedy, value=line.text)
    nosnp = cmdline.options.token("sev", "nosnp")
    if nosnp is not None and (outcome is None or outcome.is_false):
        # kernels that do not know the word print that they ignore it
        confidence = Confidence.HIGH if outcome is not None else Confidence.MEDIUM
        remedy = boot_option.remove(nosnp.text)
        because = "`sev=nosnp` switches SEV-SNP off at boot"
        return Fail(because, (nosnp.place,), remedy=remedy, confidence=confidence, value=nosnp.text)
    return Pass("nothing on the command line switches SEV-SNP off", (cmdline.place,))

"""SEV-SNP is switched off at boot.

Why    KVM refuses every SNP launch; libvirt then reports the type as unsupported.
Fix    Remove `kvm_amd.sev_snp=0` or `sev=nosnp` from the boot configuration, or `sev_snp=0` from modprobe.d, and
       reboot.
Refs   linux: arch/x86/kvm/svm/sev.c, arch/x86/virt/svm/cmdline.c (amd-host 3 kvm_amd.sev_snp, 3 sev)

Kernels that do not know `nosnp` say that they do not recognise it, and ignore it.
"""

from collections.abc import Sequence

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    Pass,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.kernel import KernelCmdline, SevParameters, SevSwitches
from sevlint.facts.log import KernelLog


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.KERNEL_OPTIONS)
def judge(
    switches: SevSwitches, cmdline: KernelCmdline, parameters: SevParameters | None, log: KernelLog | None
) -> Verdict | Sequence[Fail]:
    off = [one for one in switches.off if one.parameter == "sev_snp"]
    fails = [
        Fail(
            f"`{one.option.text}` {one.where} switches SEV-SNP off",
            (one.option.place,),
            remedy=one.remedy(None),
            value=one.option.text,
        )
        for one in off
        if one.counts
    ]
    nosnp = cmdline.options.token("sev", "nosnp")
    outcome = parameters.sev_snp if parameters is not None else None
    ignored = any(line.get("option") == "nosnp" for line in log.all("sev-option-unknown")) if log is not None else False
    if nosnp is not None and not ignored and (outcome is None or outcome.is_false):
        because = f"`{nosnp.text}` switches SEV-SNP off at boot"
        confidence = Confidence.HIGH if log is not None and log.whole else Confidence.MEDIUM
        remedy = boot_option.remove(nosnp.text)
        fails.append(Fail(because, (nosnp.place,), remedy=remedy, confidence=confidence, value=nosnp.text))
    if off and not fails:
        return off[0].doubt
    return fails or Pass("nothing on the command line or in modprobe.d switches SEV-SNP off", (switches.place,))

"""kdump is set up, and the SEV firmware is too old for kexec with SEV-SNP on.

Why    After a crash kdump boots another kernel by kexec; with SEV-SNP on that needs SEV firmware 1.53 or newer. With an
       older one there may be no dump of the host just when one is wanted.
Fix    Update the SEV firmware, or do not count on kdump on this host.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 3 crashkernel, 8.1 other API minima)
"""

from sevlint.api import Fail, Goal, Needs, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.kernel import KernelCmdline, SevParameters
from sevlint.facts.trust import SevFirmware
from sevlint.facts.versions import SNP_KEXEC_FIRMWARE, text


@rule(about=Subject.HOST, severity=Severity.NOTE, goals={Goal.SEV_SNP})
def judge(cmdline: KernelCmdline, parameters: SevParameters | None, firmware: SevFirmware | None) -> Verdict:
    reserved = cmdline.last("crashkernel")
    if reserved is None:
        return NotApplicable("no memory is kept for kdump")
    snp = parameters.sev_snp if parameters is not None else None
    if snp is None or not snp.is_true:
        return NotApplicable("KVM does not show SEV-SNP on")
    if firmware is None:
        return Open("the kernel log names no SEV firmware", ("cmd/dmesg",))
    if firmware.version[:2] >= SNP_KEXEC_FIRMWARE:
        return Pass(f"SEV firmware {firmware.text}", (firmware.place,))
    because = f"kdump may fail: kexec with SEV-SNP on needs SEV firmware 1.53, and {firmware.text} runs"
    remedy = upgrade("the SEV firmware", f"API {text(SNP_KEXEC_FIRMWARE)}", Needs.COLD_BOOT)
    return Fail(because, (reserved.place, snp.place, firmware.place), remedy=remedy, value=firmware.text)

"""The SEV firmware is too old for SEV-SNP.

Why    The kernel initialises SEV-SNP only with firmware of API 1.51 or newer; with an older one it says so at debug
       level at most, and no SNP guest starts.
Fix    Update the SEV firmware: through the BIOS, or on EPYC 7003 with the file of linux-firmware; then cold boot.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 1.4 SEV firmware API, 5.2 #36, 5.2 #37, 5.2 #52, 8.1 API 1.51);
       linux: arch/x86/kvm/svm/sev.c (amd-host 5.1 #11, 9 #5); AMDESE/AMDSEV README
       (amd-host 2 firmware through the BIOS; peer-checks 10 #2); virtee/snphost src/ok.rs (peer-checks 1 #6);
       amd/sev-utils (peer-checks 10 #3); AMDEPYC/sev_component_test (peer-checks 12 #8)

The driver's debug line is rarely printed, so that its absence proves nothing; the version is in the line `SEV API:`.
KVM's own line `SEV-SNP enabled` proves nothing before about Linux 6.16: it was printed without asking the firmware.

amd/sev-utils judges by that line. snphost compares the minor version alone; here the whole version counts.
"""

from sevlint.api import AmdRung, Fail, Goal, Needs, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.log import KernelLog
from sevlint.facts.trust import SevFirmware

_NEEDED = (1, 51)


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.PSP_FIRMWARE)
def judge(log: KernelLog, firmware: SevFirmware | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and (not cpu.is_amd or cpu.in_vm or cpu.generation in ("naples", "rome")):
        return NotApplicable("no AMD host that has SEV-SNP")
    remedy = upgrade("the SEV firmware", "API 1.51", Needs.COLD_BOOT)
    if firmware is not None and firmware.version[:2] < _NEEDED:
        because = f"SEV firmware {firmware.text} is too old for SEV-SNP, which needs 1.51"
        return Fail(because, (firmware.place,), remedy=remedy, value=firmware.text)
    line = log.last("ccp-snp-firmware-too-old")
    if line is not None and firmware is None:
        return Fail("the SEV firmware is too old for SEV-SNP, which needs 1.51", (line.place,), remedy=remedy)
    if firmware is None:
        return Open("the kernel log names no SEV firmware", ("cmd/dmesg",))
    return Pass(f"SEV firmware {firmware.text}", (firmware.place,))

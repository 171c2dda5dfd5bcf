"""The SEV firmware refused INIT because of its state (SEV_RET_INVALID_PLATFORM_STATE).

Why    Error 0x1 says that the command does not fit the state the firmware is in. It is seldom the cause: mostly an SNP
       initialisation failed just before, or (Milan) the PSP's boot loader is older than 00.13.00.70.
Fix    Mend the first error of the log; where there is none, update the BIOS (AGESA) and cold boot.
Refs   linux: drivers/crypto/ccp/sev-dev.c, include/uapi/linux/psp-sev.h (amd-host 5.2 #43, 6 0x01, 9 #13)

A symptom: it folds under the failure before it.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Needs, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.codes import firmware_codes
from sevlint.facts.log import KernelLog, Line, Unknown

_BEFORE = (
    "ccp-psp-inaccessible",
    "ccp-command-timeout",
    "ccp-sev-status-failed",
    "ccp-snp-init-ends-all",
    "ccp-snp-init-failed",
    "ccp-sev-init-failed",
)


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals=AMD_SEV,
    rung=AmdRung.PSP_FIRMWARE,
    symptom=True,
    because_of=_BEFORE,
)
def judge(log: KernelLog) -> Verdict:
    seen = log.seen("ccp-sev-init-invalid-state")
    if isinstance(seen, Unknown):
        return Open(seen.why, ("cmd/journal-boot",))
    if not isinstance(seen, Line):
        return Pass("the kernel log has no such refusal", (seen.place,))
    before = [line for line in log.hits if line.card in _BEFORE]
    code = firmware_codes()[0x01]
    remedy = Remedy(code.action, needs=Needs.COLD_BOOT)
    because = f"the SEV firmware refused INIT: error {code.words}"
    places = tuple(line.place for line in (*before[:1], seen))
    return Fail(f"{because}, after another failure" if before else because, places, remedy=remedy)

"""The SEV firmware refused INIT because of its state (SEV_RET_INVALID_PLATFORM_STATE).

Why    Error 0x1 says that the command does not fit the state the firmware is in. It is seldom the cause: mostly an SNP
       initialisation failed just before, or (Milan) the PSP's boot loader is older than 00.13.00.70. If SEV-SNP comes
       up when the driver is loaded again, the earlier failure is over.
Fix    Mend the first error of the log; where there is none, update the BIOS (AGESA) and cold boot.
Refs   linux: drivers/crypto/ccp/sev-dev.c, include/uapi/linux/psp-sev.h (amd-host 5.2 #43, 6 0x01, 9 #13)

A symptom: it folds under the failure before it.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Needs, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.codes import firmware_codes
from sevlint.facts.log import KernelLog, Line, Unknown

_REFUSED = "ccp-sev-init-invalid-state"
_BEFORE = (
    "ccp-psp-inaccessible",
    "ccp-command-timeout",
    "ccp-sev-status-failed",
    "ccp-snp-init-ends-all",
    "ccp-snp-init-failed",
    "ccp-sev-init-failed",
)
_API = ("ccp-sev-api", "ccp-sev-snp-api")
"""With one of these an initialisation ends (amd-host 5.2 #36, #37)."""


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals=AMD_SEV,
    rung=AmdRung.PSP_FIRMWARE,
    symptom=True,
    because_of=_BEFORE,
)
def judge(log: KernelLog) -> Verdict:
    seen = log.seen(_REFUSED)
    if isinstance(seen, Unknown):
        return Open(seen.why, ("cmd/journal-boot",))
    if not isinstance(seen, Line):
        return Pass("the kernel log has no such refusal", (seen.place,))
    standing = _standing(log)
    if standing is None and not log.whole:
        return Open(log.why_not_whole, ("cmd/journal-boot",))
    if standing is None:
        return Pass("the refusal followed a failure of SEV-SNP, which was initialised later", (seen.place,))
    before = [line for line in log.hits if line.card in _BEFORE and not line.mended]
    code = firmware_codes()[0x01]
    remedy = Remedy(code.action, needs=Needs.COLD_BOOT)
    because = f"the SEV firmware refused INIT: error {code.words}"
    places = tuple(line.place for line in (*before[:1], standing))
    return Fail(f"{because}, after another failure" if before else because, places, remedy=remedy)


def _standing(log: KernelLog) -> Line | None:
    """The newest refusal but for one right behind a failure that a later line mends: it is over with that failure."""
    found: Line | None = None
    over = False
    for line in log.hits:
        if line.card == _REFUSED:
            found = found if over else line
            over = False
        elif line.card in (*_BEFORE, *_API):
            over = line.mended
    return found

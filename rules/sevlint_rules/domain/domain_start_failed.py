"""The domain's newest start failed.

Why    libvirt's log of this VM ends with `shutting down, reason=failed`; the lines of QEMU before it say what it met.
Fix    Mend the cause that this folds under; where none is named, mend what the quoted line of QEMU says.
Refs   libvirt: src/qemu/qemu_process.c (libvirt-qemu 5.1, 6); linux: include/uapi/linux/psp-sev.h (amd-host 0 #6,
       6 decimal, 9 #16, 9 #17)

A symptom: it folds under the host's or the domain's own fault.

QEMU prints `fw_error` in decimal, the tables of AMD and the kernel are in hex: 19 is 0x13, 23 is 0x17. A pool without a
free ASID is `ret=-16 fw_error=0`, with no code of the firmware. 0x17, RESOURCE_LIMIT, is another fault: the firmware
itself ran out of guest contexts.
"""

from sevlint.api import (
    CONFIDENTIAL,
    AmdRung,
    Fail,
    Open,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.log import QemuLog

_ANNOUNCE = ("qemu-starting-up", "qemu-shutting-down", "qemu-launch-object")
_ASIDE = (
    "qemu-pdh-not-exported",
    "qemu-sev-migration-blocked",
    "qemu-tdx-cpu-feature-dropped",
    "qemu-tdx-cpu-feature-forced",
    "qemu-discard-in-private-file",
)
"""Answers to management, and warnings: they end no start (amd-host 6)."""
_CAUSES = ("sev-parameter-off", "sev-es-parameter-off", "snp-parameter-off", "dev-sev-missing")
_READ = Remedy("read what QEMU wrote before the line `shutting down, reason=failed`: it is no message known here")


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=CONFIDENTIAL,
    rung=AmdRung.LAUNCH,
    symptom=True,
    because_of=_CAUSES,
)
def judge(log: QemuLog) -> Verdict:
    end = log.last("qemu-shutting-down")
    if end is not None and end.get("reason") == "failed":
        told = [line for line in log.hits if line.card not in (*_ANNOUNCE, *_ASIDE)]
        seen: tuple[Place, ...] = (*(line.place for line in told[:2]), end.place)
        if not told:
            return Fail("its newest start failed", seen, remedy=_READ)
        error = told[0].error
        said = told[0].text.strip() + (f"; error {error.words}" if error else "")
        remedy = Remedy(error.action) if error and error.action else None
        return Fail(f"its newest start failed: {said}", seen, remedy=remedy, value=told[0].card)
    if not log.whole:
        return Open(log.why_not_whole, ("var/log/libvirt/qemu/{domain}.log",))
    return Pass("its newest start did not fail", (log.place,))

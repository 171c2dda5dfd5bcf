"""The domain's newest start failed.

Why    libvirt's log of this VM ends with `shutting down, reason=failed`; the lines of QEMU before it say what it met.
Fix    Mend the cause that this folds under; where none is named, read the quoted line of QEMU.
Refs   libvirt: src/qemu/qemu_process.c (libvirt-qemu 5.1, 6)

A symptom: it folds under the host's or the domain's own fault.
"""

from sevlint.api import CONFIDENTIAL, AmdRung, Fail, Open, Pass, Place, Severity, Subject, Verdict, rule
from sevlint.facts.log import Line, QemuLog

_ANNOUNCE = ("qemu-starting-up", "qemu-shutting-down", "qemu-launch-object")


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.LAUNCH, symptom=True)
def judge(log: QemuLog) -> Verdict:
    end = log.last("qemu-shutting-down")
    if end is not None and end.get("reason") == "failed":
        told = [line for line in log.hits if line.card not in _ANNOUNCE]
        seen: tuple[Place, ...] = (*(line.place for line in told[:2]), end.place)
        return Fail(f"its newest start failed{_told(told)}", seen, value=told[0].card if told else "")
    if not log.whole:
        return Open(log.why_not_whole, ("var/log/libvirt/qemu/{domain}.log",))
    return Pass("its newest start did not fail", (log.place,))


def _told(lines: list[Line]) -> str:
    return f": {lines[0].text.strip()}" if lines else ""

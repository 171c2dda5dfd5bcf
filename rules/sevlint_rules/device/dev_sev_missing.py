"""There is no /dev/sev.

Why    The device appears when the driver ccp found SEV firmware that answers; without it QEMU cannot launch any guest.
Fix    Mend the BIOS or firmware fault that the kernel log names; rights and udev rules have nothing to do with it.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 4.3)

A symptom: it folds under the first broken rung below it.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.amd import DevSev
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DEVICE, symptom=True)
def judge(device: DevSev, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd:
        return NotApplicable("no AMD host")
    if not device.exists:
        return Fail("there is no /dev/sev", (device.place,))
    return Pass("/dev/sev is there", (device.place,))

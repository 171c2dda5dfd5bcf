"""The SEV firmware is older than the one that mends BadRAM.

Why    A memory module that lies about its size makes two addresses one cell; this firmware does not notice, so whoever
       can fit or rewrite modules overwrites SEV-SNP guests' memory.
Fix    Update the SEV firmware: through the BIOS, or on EPYC 7001 to 7003 with the file of linux-firmware.
Refs   AMD-SB-3015 (CVE-2024-21944) (amd-host 8.1 CVE-2024-21944, 8.1 numbers mixed up, 8.1 builds by generation);
       AMDESE/AMDSEV README (amd-host 2 firmware through the BIOS); linux: drivers/crypto/ccp/sev-dev.c
       (amd-host 5.2 #36); virtee/snphost src/ok.rs (peer-checks 1 #15)

Minima are for one generation each: a larger build of another generation is not newer. The bulletin of CacheWarp,
which is often taken for it, is AMD-SB-3005.

snphost's `Alias check` asks the running firmware; firmware too old to have the check, and a check that failed, look the
same there.
"""

from sevlint.api import Fail, Goal, Needs, NotApplicable, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.trust import AmdBulletins, SevFirmware, version


@rule(about=Subject.HOST, severity=Severity.WARNING, goals={Goal.SEV_SNP}, because_of=("snp-firmware-too-old",))
def judge(firmware: SevFirmware, cpu: Cpuinfo, known: AmdBulletins) -> Verdict:
    bulletin = known.get("badram")
    minimum = bulletin.minima.get(cpu.generation)
    if minimum is None:
        return NotApplicable("no minimum is published for this generation")
    if firmware.version >= version(minimum.firmware):
        return Pass(f"SEV firmware {firmware.text} is not below {minimum.firmware}", (firmware.place,))
    because = f"SEV firmware {firmware.text} is below {minimum.firmware} ({bulletin.label})"
    remedy = upgrade("the SEV firmware", f"{minimum.firmware} (or the BIOS to {minimum.pi})", Needs.COLD_BOOT)
    return Fail(because, (firmware.place,), remedy=remedy, value=firmware.text)

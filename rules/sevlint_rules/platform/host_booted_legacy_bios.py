"""The host was booted in legacy BIOS mode.

Why    SEV does not need UEFI on the host, and the RMP is announced by a register; but boards are tested for SEV-SNP and
       TDX in UEFI mode, and their setup options may do nothing without it.
Fix    Switch the boot mode to UEFI (CSM off) if the platform's SNP or TDX settings have no effect.
Refs   linux: arch/x86/platform/efi (amd-host 4.5 UEFI); AMDESE/AMDSEV README

Popular guides demand UEFI for every technology; no source shows that the kernel does, so this is of low confidence.
"""

from sevlint.api import X86, Confidence, Fail, Goal, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.platform import FirmwareBoot

_SEVERITY = {
    Goal.SEV: Severity.NOTE,
    Goal.SEV_ES: Severity.NOTE,
    Goal.SEV_SNP: Severity.WARNING,
    Goal.TDX: Severity.WARNING,
}


@rule(about=Subject.HOST, severity=_SEVERITY, goals=X86, confidence=Confidence.LOW)
def judge(firmware: FirmwareBoot) -> Verdict:
    if firmware.uefi:
        return Pass("booted by UEFI", (firmware.place,))
    remedy = bios("the boot mode", "UEFI")
    return Fail("the host was booted in legacy BIOS mode", (firmware.place,), remedy=remedy)

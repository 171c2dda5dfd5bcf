"""The CPU's microcode accepts updates that AMD did not sign.

Why    Up to this revision the CPU's loader does not check signatures properly (EntrySign): an administrator of the host
       can load microcode of their own, which costs SEV-SNP guests their confidentiality and integrity.
Fix    Update the BIOS to one with the platform initialisation code that the bulletin names, and cold boot.
Refs   AMD-SB-7033 (CVE-2024-36347), AMD-SB-3019 (CVE-2024-56161) (amd-host 8.1 CVE-2024-36347, 8.1 CVE-2024-56161);
       linux: arch/x86/kernel/cpu/microcode/amd.c (amd-host 8.2 0x80012, 0x83010, 0xa0010, 0xa0011, 0xa0012, 0xa1011,
       0xa1012, 0xaa001, 0xaa002, 0xb0021, 0xb1010, revision and CPU)

Each CPU has its own last bad revision, and only revisions of one CPU can be compared. One that does not belong to the
family, model and stepping in cpuinfo was emulated or patched, and says nothing.
"""

from sevlint.api import (
    AMD_SEV,
    Fail,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
    upgrade,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.trust import AmdBulletins


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(cpu: Cpuinfo, known: AmdBulletins) -> Verdict:
    if not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if cpu.microcode is None or cpu.microcode_place is None:
        return Open("cpuinfo names no microcode revision", ("proc/cpuinfo",))
    if cpu.microcode >> 8 != cpu.microcode_key:
        return Open(f"the microcode revision 0x{cpu.microcode:x} is not one of this CPU: emulated or patched")
    bulletin = known.get("entrysign")
    last = bulletin.microcode.get(hex(cpu.microcode_key))
    if last is None:
        return NotApplicable("the kernel's list names no such server CPU")
    if cpu.microcode > int(last, 16):
        return Pass(f"microcode 0x{cpu.microcode:x} is newer than {last}, the last broken one", (cpu.microcode_place,))
    minimum = bulletin.minima.get(cpu.generation)
    remedy = (
        upgrade("the BIOS (AGESA)", minimum.pi, Needs.COLD_BOOT)
        if minimum is not None
        else Remedy("update the BIOS to the newest that the vendor has", needs=Needs.COLD_BOOT)
    )
    because = f"microcode 0x{cpu.microcode:x} accepts unsigned updates ({bulletin.label})"
    return Fail(because, (cpu.microcode_place,), remedy=remedy, value=f"0x{cpu.microcode:x}")

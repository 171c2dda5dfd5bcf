"""The BIOS has memory encryption off, so the kernel hides the CPU's SEV flags.

Why    The kernel clears `sev`, `sev_es` and `sev_snp` where the BIOS left SMEE off, or SMM unlocked; KVM then offers
       none of them. It is often the trace of a BIOS update that restored the defaults.
Fix    Set SMEE (Secure Memory Encryption) to Enabled in the BIOS setup, not Auto, and cold boot. Where it is on, let
       the BIOS lock SMM.
Refs   linux: arch/x86/kernel/cpu/amd.c (amd-host 0 #1, 1.1 sme, 1.1 sev, 1.1 sev_es, 1.2 #1, 1.2 #2, 1.2 #4, 1.2 #5,
       1.2 address sizes); linux: drivers/crypto/ccp/sev-dev.c (amd-host 5.2 #23, 9 #3); AMDESE/AMDSEV README
       (amd-host 2 SMEE, 2 SEV Control, 2 defaults restored); virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #4,
       #5, 2 #2); libvirt: tools/virt-host-validate-common.c (peer-checks 4 #7); AMDEPYC/sev_component_test
       (peer-checks 12 #3)

A missing `sme` flag proves nothing: since Linux 5.18 it shows SME in use by the host itself (amd-host 9 #3). With SMEE
on the kernel shows fewer address bits than the CPU has: fewer bits beside missing flags tell of an unlocked SMM.

snphost and sevctl ask the CPU itself: their SEV lines pass while the kernel has cleared the flags, and their SME line
reads one CPU of one socket. virt-host-validate says `Unknown if this platform has Secure Guest support` of a BIOS
switch, an old kernel and a wrong CPU alike; up to libvirt 10 it read 1,024 bytes of the flags, and may miss these at
their end.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Confidence,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    bios,
    rule,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion
from sevlint.facts.log import KernelLog

_FULL_WIDTHS = {48, 52}
_REDUCED_WIDTHS = {42, 43, 46, 47}
"""Both less 5 or 6, by which SMEE reduces them (amd-host 1.2)."""


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.SMEE)
def judge(cpu: Cpuinfo, log: KernelLog | None, kernel: KernelVersion | None) -> Verdict:
    if not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if "sev" in cpu.flags:
        return Pass("cpuinfo shows `sev`, which the kernel clears unless the BIOS allows it", (cpu.flags_place,))
    line = log.last("ccp-memory-encryption-off-in-bios") if log is not None else None
    remedy = bios("SMEE (Secure Memory Encryption)", "Enabled, not Auto,")
    if line is None and not cpu.generation:
        return Open("no known EPYC, so it is not known whether the CPU has SEV", ("cmd/dmesg",))
    if line is None and kernel is not None and kernel.version < (4, 16):
        return NotApplicable("kernels before 4.16 do not show the flag")
    if kernel is not None and kernel.is_32_bit:
        return NotApplicable("a 32-bit kernel clears the flags, whatever the BIOS")
    line_place = (line.place,) if line is not None else ()
    if cpu.physical_bits in _REDUCED_WIDTHS and cpu.bits_place is not None:
        because = "SMEE is on, yet the kernel hides the SEV flags: the BIOS does not lock SMM"
        lock = bios("SMM Lock", "Enabled")
        return Fail(because, (*line_place, cpu.flags_place, cpu.bits_place), lock, confidence=Confidence.MEDIUM)
    if line is not None:
        because = "memory encryption is off in the BIOS, so the kernel hides the SEV flags"
        return Fail(because, (*line_place, cpu.flags_place), remedy=remedy)
    because = f"cpuinfo lacks `sev` on a {cpu.generation.capitalize()} CPU that has it: the BIOS has SMEE off"
    if cpu.physical_bits in _FULL_WIDTHS and cpu.bits_place is not None:
        return Fail(because, (cpu.flags_place, cpu.bits_place), remedy=remedy)
    return Fail(because, (cpu.flags_place,), remedy=remedy, confidence=Confidence.MEDIUM)

"""The BIOS reserved no memory for the RMP table.

Why    SEV-SNP keeps the owner of every page in the RMP; without it the kernel clears `sev_snp` and KVM refuses SNP.
Fix    Set SNP Memory (RMP Table) Coverage to Enabled in the BIOS setup and cold boot.
Refs   linux: arch/x86/virt/svm/sev.c (amd-host 0 #4, 1.2 RMP check, 5.3 #67, 5.3 #68, 9 #27); AMDESE/AMDSEV README
       (amd-host 2 SNP Memory Coverage; peer-checks 10 #2); virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #11,
       #13, #14, 2 #3); AMDEPYC/sev_component_test (peer-checks 12 #8)

The kernel prints this on every Milan or newer host without the setting; it matters only where SNP is wanted.

The register bit that snphost and sevctl read for `SEV-SNP` (BIOS) is set by the kernel: it is an outcome, no BIOS
switch.
"""

from sevlint.api import AmdRung, Fail, Goal, Needs, Pass, Remedy, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import RmpTable


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.RMP)
def judge(rmp: RmpTable) -> Verdict:
    if rmp.reserved:
        return Pass("the BIOS reserved an RMP table", (rmp.place,))
    if rmp.invalid:
        because = "the BIOS announced an RMP table at an address that cannot be"
        return Fail(
            because, (rmp.place,), remedy=Remedy("update the BIOS: this is a fault of its own", needs=Needs.BIOS)
        )
    remedy = bios("SNP Memory (RMP Table) Coverage", "Enabled")
    return Fail("the BIOS reserved no memory for the RMP table", (rmp.place,), remedy=remedy)

"""The RMP table does not cover all of the memory.

Why    The kernel needs an RMP entry for every page of RAM, the RMP's own included; else it refuses SEV-SNP.
Fix    Set SNP Memory (RMP Table) Coverage to Enabled, or the amount to cover to at least the installed memory, and cold
       boot.
Refs   linux: arch/x86/virt/svm/sev.c (amd-host 5.3 #69, #70b); virtee/snphost src/ok.rs (peer-checks 1 #13)

Only the kernel's own line counts: the end of memory in `lsmem` is rounded up to its block size and gives false alarms.

snphost's `Read RMP tables` passes such a host: it does not hold the table's size against the memory.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import RmpTable


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.RMP)
def judge(rmp: RmpTable) -> Verdict:
    if not rmp.reserved:
        return NotApplicable("there is no RMP table")
    if rmp.too_small:
        remedy = bios("SNP Memory (RMP Table) Coverage", "Enabled (all memory)")
        return Fail("the RMP table does not cover all of the memory", (rmp.place,), remedy=remedy)
    if rmp.too_small is None:
        return Open("the kernel log may lack the line that says so", ("cmd/dmesg",))
    return Pass("the kernel accepted the RMP table's coverage", (rmp.place,))

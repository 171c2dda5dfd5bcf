"""There is memory beyond what the RMP table covers.

Why    The kernel judges the table's size at boot; memory that was added since has no entries in it, and SEV-SNP guests
       that get its pages fail (`Failed to update RMP entry`).
Fix    Set SNP Memory (RMP Table) Coverage to Enabled, or the amount to cover to all that may be fitted, and cold boot;
       or take the added memory offline.
Refs   linux: arch/x86/virt/svm/sev.c (amd-host 5.3 RMP arithmetic, 2 Amount of Memory to Cover); linux:
       kernel/resource.c (amd-host 4.5 iomem)

The table is held against /proc/iomem, read as root: without root its addresses are zero. The end of memory in `lsmem`
is rounded up to its block size and gives false alarms. A segmented table reaches as far as its last segment; one that
the kernel refused is not judged.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import RmpTable
from sevlint.facts.trust import MemoryEnd


@rule(about=Subject.HOST, severity=Severity.WARNING, goals={Goal.SEV_SNP}, confidence=Confidence.MEDIUM)
def judge(rmp: RmpTable, memory: MemoryEnd) -> Verdict:
    if rmp.covers is None or rmp.too_small:
        return NotApplicable("there is no RMP table that the kernel accepted and told the reach of")
    if memory.end > rmp.covers:
        because = f"memory ends at 0x{memory.end:x}, but the RMP table covers it up to 0x{rmp.covers:x} only"
        remedy = bios("SNP Memory (RMP Table) Coverage", "Enabled (all memory)")
        return Fail(because, (memory.place, rmp.place), remedy=remedy)
    return Pass(f"the RMP table covers memory up to 0x{rmp.covers:x}", (rmp.place, memory.place))

"""The BIOS gave this kind of guest no ASIDs.

Why    SEV-ES and SEV-SNP guests take ASIDs below the BIOS limit, plain SEV guests those from the limit on; a limit of 1
       leaves none for SEV-ES and SEV-SNP, and a limit above the maximum none for plain SEV. The pools never lend.
Fix    Set SEV-ES ASID Space Limit to the number of SEV-ES and SEV-SNP guests plus 1 (a limit of N gives N-1), and
       cold boot.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 1.3 Rome, 1.3 Milan, 1.3 Genoa, 1.3 Bergamo, 2 SEV-ES ASID Space Limit, 2
       SEV-ES ASID Space Limit Control, 4.1 ASID limits, 4.2 keys, 4.2 values, 7.1 two pools, 7.1 limits of EDX, 7.1
       N-1, 7.4 ranges, 5.1 #7, 5.1 #9, 9 #8, 9 #25); AMDESE/AMDSEV issue 137, README (peer-checks 10 #2);
       AMDEPYC/sev_component_test (peer-checks 12 #2); libvirt: docs/formatdomaincaps.rst (libvirt-qemu 4.2 sev
       supported, 4.2 maxGuests and maxESGuests)

Some setups show the limit only with SEV-ES ASID Space Limit Control on Manual; else it stays at 1.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import AsidPools
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.ASID_SPLIT)
def judge(pools: AsidPools, cpu: Cpuinfo | None, goal: Goal) -> Verdict:
    if goal is not Goal.SEV and cpu is not None and cpu.generation == "naples":
        return NotApplicable("Naples has no SEV-ES")
    pool = pools.sev if goal is Goal.SEV else pools.sev_es
    words = "plain SEV" if goal is Goal.SEV else "SEV-ES and SEV-SNP"
    if pools.sev_snp is not None:  # split by ciphertext hiding (amd-host 7.4)
        pool, words = (pools.sev_snp, "SEV-SNP") if goal is Goal.SEV_SNP else (pool, words.partition(" and ")[0])
        if goal is Goal.SEV_ES and pool is not None and pool.size == 0:
            return NotApplicable("the BIOS gave ASIDs, and ciphertext hiding keeps all of them for SEV-SNP")
    if pool is None:
        return Open(f"nothing tells how many ASIDs {words} guests have", ("sys/fs/cgroup/misc.capacity",))
    if pool.size == 0:
        value = "a lower number" if goal is Goal.SEV else "the number of such guests plus 1"
        remedy = bios("SEV-ES ASID Space Limit", value)
        return Fail(f"the BIOS gave {words} guests no ASIDs", (pool.place,), remedy=remedy)
    return Pass(f"{pool.size} ASID{'s' * (pool.size != 1)} for {words} guests", (pool.place,))

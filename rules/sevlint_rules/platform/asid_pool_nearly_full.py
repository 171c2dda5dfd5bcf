"""Few ASIDs are left.

Why    Each guest holds one ASID while it runs. When the last of its pool is taken the next start fails with EBUSY, and
       no kernel line says why.
Fix    Plan where the next guests go, or shift the border between the two pools with SEV-ES ASID Space Limit in the BIOS
       (a limit of N gives N-1 SEV-ES and SEV-SNP guests).
Refs   linux: arch/x86/kvm/svm/sev.c, kernel/cgroup/misc.c (amd-host 4.2 files, 7.1 two pools, 7.1 one for each VM,
       7.2 order, 9 #8)

It speaks from nine tenths of a pool on. misc.current counts the guests of every VMM, the domains only libvirt's.
"""

from sevlint.api import AMD_SEV, Fail, Figure, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.capacity import AsidDemand, AsidUse

_CURRENT = "sys/fs/cgroup/misc.current"


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(demand: AsidDemand, use: AsidUse | None, goal: Goal) -> Verdict:
    share = demand.of(goal)
    if share.pool is None:
        return Open(f"nothing tells how many ASIDs {share.words} guests have", ("sys/fs/cgroup/misc.capacity",))
    size, busy = share.pool.size, len(share.busy)
    taken, place = share.taken(use) or (0, None)
    used = max(taken, busy)
    if not size or max(used, len(share.defined)) > size:
        return NotApplicable("the pool is empty, or has more guests than ASIDs")
    left = size - used
    figures = (Figure(f"ASIDs ({share.words})", used, size),)
    if left * 10 < size:
        seen = place if place is not None and taken >= busy else share.busy[0]
        because = f"{used} of {size} ASIDs for {share.words} guests are taken: {left} left"
        remedy = bios("SEV-ES ASID Space Limit", "fit the guests of this host")
        return Fail(because, (seen, share.pool.place), remedy=remedy, figures=figures)
    if place is None:
        return Open("how many ASIDs are taken was not collected", (_CURRENT,))
    return Pass(f"{left} of {size} ASIDs for {share.words} guests are left", (place, share.pool.place), figures)

"""The protected guests have more memory than the host.

Why    All memory of a SEV or SEV-ES guest is pinned from its start, and that of a SEV-SNP guest can be neither moved
       nor swapped: no swap, KSM or balloon gives any of it back. When the host runs out, starts fail with ENOMEM, or
       the kernel kills a guest.
Fix    Give the guests less memory, start fewer of them with the host, or move some to another host.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 7.3 pinned memory, 7.3 SEV-SNP)

It adds up the guests that run or start with the host, and counts nothing for the host itself or for other guests. A
SEV-SNP guest takes its memory as it touches it: a sum that is too high only with them is a warning, not yet a failure.
"""

from sevlint.api import AMD_SEV, Fail, Figure, Goal, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.domain import AutostartedDomains, Domain
from sevlint.facts.platform import Meminfo

_LESS = Remedy("give the guests less memory, or move some to another host")


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV)
def judge(domains: tuple[Domain, ...], autostarted: AutostartedDomains, memory: Meminfo | None) -> Verdict:
    busy = [
        (one.memory_kib, one.launch_security.goal, one.place)
        for one in domains
        if one.launch_security is not None and one.launch_security.goal in AMD_SEV
        if one.memory_kib and (one.running or one.name in autostarted.names)
    ]
    if not busy:
        return NotApplicable("no protected guest runs or starts with the host")
    if memory is None:
        return Open("the host's memory was not collected", ("proc/meminfo",))
    total, have = sum(size for size, _, _ in busy) >> 10, memory.total_kib >> 10
    figures = (Figure("pinned memory", total, have, "MiB"),)
    if total > have:
        because = f"{len(busy)} protected guests run or start with the host and have {total} MiB, the host has {have}"
        places = (memory.place, *(place for _, _, place in sorted(busy, key=lambda one: -one[0])[:2]))
        pinned = sum(size for size, goal, _ in busy if goal is not Goal.SEV_SNP) >> 10
        return Fail(because, places, _LESS, severity=None if pinned > have else Severity.WARNING, figures=figures)
    return Pass(f"{total} of {have} MiB", (memory.place,), figures)

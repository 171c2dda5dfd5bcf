"""More guests than ASIDs.

Why    Each guest holds one ASID while it runs. When the pool is used up the next start fails with EBUSY, and the kernel
       prints nothing: QEMU shows `failed to initialize ret=-16 fw_error=0`.
Fix    Move guests to another host, or shift the border between the two pools with SEV-ES ASID Space Limit in the BIOS.
Refs   linux: arch/x86/kvm/svm/sev.c, kernel/cgroup/misc.c (amd-host 7.1, 7.2)

SEV-ES and SEV-SNP guests share one pool, plain SEV guests have the other. The file
/sys/module/kvm_amd/parameters/max_sev_asids that manuals name exists in no kernel (amd-host 4.1); the kernel log,
misc.capacity and `virsh domcapabilities` tell the true limits.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, Fail, Figure, Goal, NotApplicable, Pass, Place, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import AsidPools, Pool
from sevlint.facts.domain import AutostartedDomains, Domain


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV)
def judge(pools: AsidPools, domains: tuple[Domain, ...], autostarted: AutostartedDomains) -> Verdict | Sequence[Fail]:
    fails: list[Fail] = []
    enough: list[tuple[Pool, int]] = []
    for pool, goals, words in _who(pools):
        mine = [one for one in domains if one.launch_security is not None and one.launch_security.goal in goals]
        if pool is None or pool.size == 0 or not mine:
            continue
        busy = [one for one in mine if one.running or one.name in autostarted.names]
        if len(mine) <= pool.size:
            enough.append((pool, len(mine)))
            continue
        started = len(busy) > pool.size
        count = len(busy) if started else len(mine)
        what = "run or start with the host" if started else "are defined"
        fails.append(
            Fail(
                f"{count} {words} guests {what}, but the pool has {_asids(pool.size)}",
                (pool.place, *_places(busy if started else mine)),
                remedy=bios("SEV-ES ASID Space Limit", "fit the guests of this host"),
                severity=Severity.ERROR if started else Severity.WARNING,
                figures=(Figure(f"ASIDs ({words})", count, pool.size),),
            )
        )
    if fails:
        return fails
    if enough:
        pool, count = enough[0]
        figures = tuple(Figure("ASIDs", used, one.size) for one, used in enough)
        return Pass(f"{count} guest{'s' * (count != 1)} for {_asids(pool.size)}", (pool.place,), figures)
    return NotApplicable("no domain of this host takes an ASID of a pool that is known")


def _who(pools: AsidPools) -> list[tuple[Pool | None, set[Goal], str]]:
    """Each pool with the guests that take from it."""
    first: tuple[Pool | None, set[Goal], str] = (pools.sev, {Goal.SEV}, "plain SEV")
    if pools.sev_snp is None:
        return [first, (pools.sev_es, {Goal.SEV_ES, Goal.SEV_SNP}, "SEV-ES and SEV-SNP")]
    return [first, (pools.sev_es, {Goal.SEV_ES}, "SEV-ES"), (pools.sev_snp, {Goal.SEV_SNP}, "SEV-SNP")]


def _places(domains: Sequence[Domain]) -> tuple[Place, ...]:
    found = (one.launch_security.place for one in domains[:2] if one.launch_security is not None)
    return tuple(found)


def _asids(number: int) -> str:
    return f"{number} ASID{'s' * (number != 1)}"

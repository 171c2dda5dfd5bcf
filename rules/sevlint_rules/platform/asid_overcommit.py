"""More guests than ASIDs.

Why    Each guest holds one ASID while it runs. When the pool is used up the next start fails with EBUSY, and the kernel
       prints nothing: QEMU shows `failed to initialize ret=-16 fw_error=0`.
Fix    Move guests to another host, or shift the border between the two pools with SEV-ES ASID Space Limit in the BIOS.
Refs   linux: arch/x86/kvm/svm/sev.c, kernel/cgroup/misc.c (amd-host 4.1 max_sev_asids, 4.1 ASID limits, 4.2 values,
       6 EBUSY, 7.1 CPUID, 7.1 two pools, 7.1 N-1, 7.1 one for each VM, 7.2 order, 9 #1, 9 #8, 9 #9); qemu:
       target/i386/sev.c (amd-host 6 0x17, 9 #17; libvirt-qemu 6.2); virtee/snphost src/ok.rs (peer-checks 1 #16);
       kata-containers/kata-containers kata-deploy (peer-checks 9 #9)

SEV-ES and SEV-SNP guests share one pool, plain SEV guests have the other; neither lends to the other, so a higher limit
gives more guests of one kind and fewer of the other. A limit of N in the BIOS gives N-1 SEV-ES and SEV-SNP guests (100
gives 99). The file /sys/module/kvm_amd/parameters/max_sev_asids that manuals name exists in no kernel; the kernel log,
misc.capacity, CPUID (`cpuid -r`, `sevctl ok`, `snphost ok`) and `virsh domcapabilities` tell the true limits. Firmware
error 0x17 (RESOURCE_LIMIT) is not this: there the firmware ran out of guest contexts. Where the sources contradict each
other, as those of two boots do, it cannot be decided. Ciphertext hiding (amd-host 7.4 split) splits the joint pool.
Where only its sum is known, more guests than the sum are too many, and fewer are no proof that each finds an ASID.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, Fail, Figure, NotApplicable, Open, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.capacity import UNSPLIT, AsidDemand, asids


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV)
def judge(demand: AsidDemand) -> Verdict | Sequence[Fail]:
    if demand.disagree and any(share.defined for share in demand.shares):
        paths = " and ".join(dict.fromkeys(place.path for place in demand.disagree))
        return Open(f"{paths} tell different numbers of ASIDs, as those of two boots do", ("cmd/dmesg",))
    fails: list[Fail] = []
    enough = []
    is_unsure = False
    for share in demand.shares:
        pool = share.pool
        if pool is None or pool.size == 0 or not share.defined:
            continue
        if len(share.defined) <= pool.size:
            enough.append((pool, len(share.defined)))
            is_unsure = is_unsure or share.may_split
            continue
        started = len(share.busy) > pool.size
        places, what = (share.busy, "run or start with the host") if started else (share.defined, "are defined")
        fails.append(
            Fail(
                f"{len(places)} {share.words} guests {what}, but the pool has {asids(pool.size)}",
                (pool.place, *places[:2]),
                remedy=bios("SEV-ES ASID Space Limit", "fit the guests of this host"),
                severity=Severity.ERROR if started else Severity.WARNING,
                figures=(Figure(f"ASIDs ({share.words})", len(places), pool.size),),
            )
        )
    if fails:
        return fails
    if is_unsure:
        return Open(*UNSPLIT)
    if enough:
        pool, count = enough[0]
        figures = tuple(Figure("ASIDs", used, one.size) for one, used in enough)
        return Pass(f"{count} guest{'s' * (count != 1)} for {asids(pool.size)}", (pool.place,), figures)
    return NotApplicable("no domain of this host takes an ASID of a pool that is known")

"""Ciphertext hiding gives every joint ASID to SEV-SNP.

Why    SEV-ES and SEV-SNP share the ASIDs below the BIOS limit; `kvm_amd.ciphertext_hiding_asids=N` keeps the first N of
       them for SEV-SNP. Where N is all of them, no SEV-ES guest can start.
Fix    Give the option a number smaller than the joint pool (the BIOS limit minus 1), or raise the BIOS limit.
Refs   linux: arch/x86/kvm/svm/sev.c, Documentation/admin-guide/kernel-parameters.txt (amd-host 7.4 parameter,
       7.4 split, 3 kvm_amd.ciphertext_hiding_asids, 4.1 ciphertext_hiding_asids)

The parameter in sysfs is what KVM granted, already cut to the joint pool; 0 means off.
"""

from sevlint.api import AmdRung, Fail, Goal, Needs, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.amd import AsidPools
from sevlint.facts.capacity import asids, hidden_asids
from sevlint.facts.kernel import KernelCmdline, ModuleParameters

_NAME = "kvm_amd.ciphertext_hiding_asids"


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_ES}, rung=AmdRung.KERNEL_OPTIONS)
def judge(parameters: ModuleParameters | None, pools: AsidPools, cmdline: KernelCmdline | None) -> Verdict:
    if pools.sev_es is None:
        return Open("nothing tells how many ASIDs SEV-ES guests have", ("sys/fs/cgroup/misc.capacity",))
    split = pools.sev_snp
    joint = pools.sev_es.size + (split.size if split is not None else 0)
    granted = hidden_asids(parameters) or ((split.size, split.place) if split is not None else None)
    if granted is None:
        known = parameters is not None and parameters.lists("kvm_amd")
        wanted = ("sys/module/kvm_amd/parameters/ciphertext_hiding_asids",)
        return NotApplicable("this kernel has no ciphertext hiding") if known else Open("it was not collected", wanted)
    hidden, place = granted
    if hidden and joint and hidden >= joint:
        option = cmdline.last(_NAME) if cmdline is not None else None
        seen = (place, pools.sev_es.place, *([option.place] if option is not None else []))
        remedy = Remedy(f"give {_NAME} fewer than {joint} where it is set", needs=Needs.REBOOT)
        because = f"ciphertext hiding keeps {hidden} of {asids(joint)} for SEV-SNP: none is left for SEV-ES"
        return Fail(because, seen, remedy=remedy, value=str(hidden))
    return Pass(f"ciphertext hiding leaves {asids(joint - hidden)} for SEV-ES", (place, pools.sev_es.place))

"""The IOMMU was told to use v2 page tables, so the kernel refuses SEV-SNP.

Why    SNP works with the AMD IOMMU's v1 tables only, which are the default.
Fix    Remove `amd_iommu=pgtbl_v2` from the kernel command line.
Refs   linux: drivers/iommu/amd/init.c (amd-host 3 amd_iommu=pgtbl_v2, 5.4 #78)
"""

from sevlint.api import AmdRung, Fail, Goal, Open, Pass, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.amd import Iommu
from sevlint.facts.kernel import KernelCmdline


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.IOMMU)
def judge(iommu: Iommu, cmdline: KernelCmdline | None) -> Verdict:
    if iommu.supported_place is not None:
        return Pass("the kernel enabled the IOMMU's SNP support", (iommu.supported_place,))
    if iommu.v2_place is not None:
        because = "the IOMMU uses v2 page tables, with which the kernel refuses SEV-SNP"
        options = list(dict.fromkeys(option.text for option in iommu.asked.v2)) or ["amd_iommu=pgtbl_v2"]
        return Fail(because, (iommu.v2_place,), remedy=boot_option.remove(*options), value=" ".join(options))
    if cmdline is None:
        return Open("the kernel command line was not collected", ("proc/cmdline",))
    return Pass("nothing asks for v2 page tables", (cmdline.place,))

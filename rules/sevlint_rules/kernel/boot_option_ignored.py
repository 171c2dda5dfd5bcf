"""A boot option does nothing in this kernel.

Why    It was copied from a guide, and whoever reads the configuration believes that it turns SEV on; the setting that
       SEV does need may be missing for it.
Fix    Remove the option. Since Linux 5.13 no option is needed for SEV, SEV-ES or SEV-SNP: the BIOS settings, the IOMMU
       in its default mode (SEV-SNP alone needs it) and a kernel that is new enough are.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt, drivers/iommu/amd/init.c, arch/x86/virt/svm/cmdline.c,
       arch/x86/kvm/svm/sev.c (amd-host 3 amd_iommu=on, 3 sev, 3 intel_iommu, 3 mem_encrypt, 3 what each needs,
       4.1 max_sev_asids, 9 #1, 9 #6, 9 #23, 9 #26)

`amd_iommu=on` is no value of that option: the AMD IOMMU is on by default. Of the options that guides give for SEV-SNP,
neither `mem_encrypt` nor `sev=` is needed, and `amd_iommu=pgtbl_v2` even prevents it. `sev=` knows `debug` and `nosnp`
only. The parameter `max_sev_asids` is in no kernel. `kvm_amd.sev_snp` came with Linux 6.11; older kernels ignore it,
and cannot host SEV-SNP. `intel_iommu=` says nothing to an AMD CPU. What is kept for the next boot is read too, but for
parameters that another kernel may know.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, Fail, Gap, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import IgnoredOptions
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import NextBootCmdline


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(ignored: IgnoredOptions, following: NextBootCmdline | Gap, cpu: Cpuinfo | None) -> Verdict | Sequence[Fail]:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    fails = [Fail(one.message, one.places, remedy=one.remedy, value=one.asked.option.text) for one in ignored.items]
    if fails:
        return fails
    if ignored.undecided:
        option, wanted = ignored.undecided[0]
        return Open(f"whether `{option.text}` means anything to this host is not known", (wanted,))
    if isinstance(following, Gap):
        return Open("where the next boot's options are kept was not collected", following.wanted)
    seen = (ignored.place, *(one.place for one in following.counting))
    return following.doubt or Pass("no option is known to do nothing", seen)

"""The IOMMU is off, so the kernel refuses SEV-SNP.

Why    SNP needs the IOMMU's own translation, or devices could write guest memory. SEV and SEV-ES need no IOMMU.
Fix    Remove `iommu=off` and `amd_iommu=off` from the kernel command line, or set IOMMU to Enabled in the BIOS setup.
Refs   linux: drivers/iommu/amd/init.c (amd-host 2 IOMMU, 3 iommu=off, 4.5 IOMMU, 5.4 #77, 5.4 #80); libvirt:
       tools/virt-host-validate-common.c (peer-checks 4 #5, #6); AMDEPYC/sev_component_test (peer-checks 12 #9)

The AMD IOMMU is on by default; `amd_iommu=on` is no valid value and changes nothing.

sev_component_test judges by the folder /sys/kernel/iommu_groups, which proves nothing: it is there without an IOMMU
too.
"""

from sevlint.api import AmdRung, Fail, Goal, Open, Pass, Place, Severity, Subject, Verdict, bios, boot_option, rule
from sevlint.facts.amd import Iommu


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.IOMMU)
def judge(iommu: Iommu) -> Verdict:
    place = iommu.enabled_place
    if iommu.enabled is None and iommu.asked.off and place is not None:
        return Open("an option turns the IOMMU off, and its driver runs: two boots?", ("proc/cmdline", "cmd/dmesg"))
    if iommu.enabled is None or place is None:
        return Open("nothing says whether the IOMMU driver runs", ("cmd/dmesg", "proc/cmdline"))
    if iommu.enabled:
        return Pass("the AMD IOMMU driver runs", (place,))
    seen: tuple[Place, ...] = (place, iommu.refused_place) if iommu.refused_place is not None else (place,)
    if iommu.asked.off:
        options = [option.text for option in iommu.asked.off]
        because = f"`{options[0]}` turns the IOMMU off, so the kernel refuses SEV-SNP"
        return Fail(because, seen, remedy=boot_option.remove(*options), value=options[0])
    because = "the IOMMU is off: the kernel log has no AMD-Vi line back to boot"
    return Fail(because, seen, remedy=bios("IOMMU", "Enabled"))

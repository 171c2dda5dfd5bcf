"""The IOMMU is off, so the kernel refuses SEV-SNP.

Why    SNP needs the IOMMU's own translation, or devices could write guest memory. SEV and SEV-ES need no IOMMU.
Fix    Remove `iommu=off` and `amd_iommu=off` from the kernel command line, set IOMMU to Enabled in the BIOS setup, or
       boot a kernel that has CONFIG_AMD_IOMMU=y.
Refs   linux: drivers/iommu/amd/init.c (amd-host 2 IOMMU, 3 iommu=off, 4.5 IOMMU, 5.4 #77, 5.4 #80); libvirt:
       tools/virt-host-validate-common.c (peer-checks 4 #5, #6); AMDEPYC/sev_component_test (peer-checks 12 #9)

The AMD IOMMU is on by default; `amd_iommu=on` is no valid value and changes nothing.

A BIOS that has the IOMMU on shows the ACPI table IVRS: where it is there and the driver does not run, no BIOS setting
is the cause. Where it is missing among the other tables and no group is in /sys/kernel/iommu_groups, the BIOS is.

That /sys/kernel/iommu_groups exists, by which sev_component_test judges, proves nothing: it does without an IOMMU too.
"""

from sevlint.api import (
    AmdRung,
    Command,
    Fail,
    Goal,
    Needs,
    Open,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    bios,
    boot_option,
    rule,
)
from sevlint.facts.amd import Iommu

_KERNEL = Remedy("boot a kernel that is built with CONFIG_AMD_IOMMU=y", needs=Needs.REBOOT)
_LOOK = Remedy(
    "look for why the kernel's IOMMU driver does not start; the BIOS has the IOMMU on",
    Command(("journalctl --boot --dmesg --grep 'AMD-Vi|IVRS|iommu'",)),
)


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
    if iommu.unbuilt_place is not None:
        because = "the kernel was built without CONFIG_AMD_IOMMU, so it has no IOMMU and refuses SEV-SNP"
        return Fail(because, (iommu.unbuilt_place,), remedy=_KERNEL, value="CONFIG_AMD_IOMMU")
    seen = (*seen, iommu.ivrs_place) if iommu.ivrs_place is not None else seen
    if iommu.ivrs:
        return Fail("the BIOS announces an IOMMU, and the kernel's driver does not run", seen, remedy=_LOOK)
    because = "the IOMMU is off: the kernel log has no AMD-Vi line back to boot"
    if iommu.ivrs is False:
        because = "the IOMMU is off in the BIOS: there is no ACPI table IVRS"
    return Fail(because, seen, remedy=bios("IOMMU", "Enabled"))

"""The IOMMU is in passthrough mode, so the kernel refuses SEV-SNP.

Why    SNP needs the IOMMU's own translation, or devices could write guest memory.
Fix    Remove `iommu=pt` and `iommu.passthrough=1` from the kernel command line; where passthrough is the kernel's own
       default, add `iommu=nopt`.
Refs   linux: drivers/iommu/amd/init.c, drivers/iommu/iommu.c (amd-host 3 iommu=pt, 3 iommu=nopt, 3 virt-host-validate,
       4.5 IOMMU, 5.4 #77, #86, 9 #6); virtee/snphost docs (peer-checks 1 #25); libvirt:
       tools/virt-host-validate-common.c (peer-checks 4 #6); canonical/hotsos (peer-checks 13 #1)

Most GPU passthrough guides set `iommu=pt`, and virt-host-validate, snphost's troubleshooting page and hotsos advise it;
it is harmless for SEV and SEV-ES, and it breaks SNP. Where the log and sysfs say nothing, the running kernel's
CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y without a word on the command line proves it.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Place,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.amd import Iommu

_BECAUSE = "the IOMMU is in passthrough mode, so the kernel refuses SEV-SNP"


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.IOMMU)
def judge(iommu: Iommu) -> Verdict:
    place, refused = iommu.passthrough_place, iommu.refused_place
    if iommu.enabled is False and not iommu.asked.passthrough:
        return NotApplicable("the IOMMU is off")
    if iommu.passthrough and iommu.supported_place is not None:
        return Open(
            "the options say passthrough, and the kernel enabled SNP: two boots?", ("proc/cmdline", "cmd/dmesg")
        )
    if iommu.passthrough and place is not None:
        seen: tuple[Place, ...] = (place, refused) if refused is not None else (place,)
        options = list(dict.fromkeys(option.text for option in iommu.asked.passthrough))
        by_default = iommu.passthrough_by == "kernel default"
        remedy = boot_option.remove(*options) if options else boot_option.add("iommu=nopt") if by_default else None
        return Fail(_BECAUSE, seen, remedy=remedy, value=" ".join(options))
    if iommu.passthrough is None and refused is not None:
        because = "the kernel says that the IOMMU is off or in passthrough mode"
        return Fail(because, (refused,), confidence=Confidence.MEDIUM)
    if refused is not None:
        return Open("the kernel says off or passthrough, and its options say translated: two boots?", ("proc/cmdline",))
    if iommu.supported_place is not None:
        return Pass("the kernel enabled the IOMMU's SNP support", (iommu.supported_place,))
    if iommu.passthrough is False and place is not None:
        return Pass("the IOMMU translates", (place,))
    return Open("nothing says which mode the IOMMU is in", ("proc/cmdline", "cmd/dmesg"))

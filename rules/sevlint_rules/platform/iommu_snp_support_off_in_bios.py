"""SEV-SNP Support is off in the BIOS, so the IOMMU does not announce it.

Why    The kernel asks the IOMMU for its SNP feature before it lets KVM use SNP. The IOMMU itself is on and works.
Fix    Set SEV-SNP Support (NBIO, North Bridge) to Enabled in the BIOS setup; Auto behaves as off on many boards.
Refs   linux: drivers/iommu/amd/init.c (amd-host 5.4 #79, 9 #7); AMDESE/AMDSEV README (amd-host 2 SEV-SNP Support;
       peer-checks 10 #2)

Guides read `IOMMU SNP feature not enabled` as a call to enable the IOMMU. It is not: the IOMMU is on (amd-host 9 #7).
"""

from sevlint.api import AmdRung, Fail, Goal, Open, Pass, Severity, Subject, Verdict, bios, rule
from sevlint.facts.amd import Iommu


@rule(about=Subject.HOST, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.SNP_SUPPORT)
def judge(iommu: Iommu) -> Verdict:
    if iommu.efr_place is not None:
        remedy = bios("SEV-SNP Support (NBIO)", "Enabled, not Auto,")
        return Fail("SEV-SNP Support is off in the BIOS", (iommu.efr_place,), remedy=remedy)
    if iommu.supported_place is not None:
        return Pass("the kernel enabled the IOMMU's SNP support", (iommu.supported_place,))
    if iommu.refused_place is not None or iommu.v2_place is not None or iommu.enabled is False:
        return Open("the kernel gave SNP up before it asked the IOMMU for its support")
    return Open("the kernel log does not say whether the IOMMU supports SNP", ("cmd/dmesg",))

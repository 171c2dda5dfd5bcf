"""Of the ID block and its signature one is missing.

Why    The firmware checks the ID block by the signatures and keys of idAuth: with one of them alone the launch fails
       at SNP_LAUNCH_FINISH. libvirt and QEMU accept it.
Fix    Give both `idBlock` and `idAuth`, or neither.
Refs   SEV-SNP ABI 56860; linux: arch/x86/kvm/svm/sev.c; libvirt: docs/formatdomain.rst (libvirt-qemu 1.3 idBlock
       without idAuth, 1.3 idAuth without idBlock, 8 snp-idblock-without-idauth)

Neither is shown.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.SEV_SNP},
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal is not Goal.SEV_SNP:
        return NotApplicable("it is no SEV-SNP guest")
    block, auth = launch.blob("idBlock"), launch.blob("idAuth")
    if block is not None and auth is not None:
        return Pass("it has both idBlock and idAuth", (block.place, auth.place))
    found = block or auth
    if found is None:
        return Pass("it has neither idBlock nor idAuth", (launch.place,))
    other = "idAuth" if block is not None else "idBlock"
    because = f"it has {found.name} without {other}, which the firmware refuses when the launch ends"
    return Fail(because, (found.place,), edit(f"give {other} too, or drop {found.name}"), value=found.name)

"""An author key is announced, and there is none.

Why    authorKey='yes' tells the firmware that idAuth holds an author's key: without idAuth the launch fails at
       SNP_LAUNCH_FINISH. libvirt and QEMU accept it.
Fix    Give `idBlock` and `idAuth` with the author's key, or drop authorKey.
Refs   SEV-SNP ABI 56860; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 authorKey, 1.3 authorKey without idAuth, 8
       snp-authorkey-without-idauth)

With an `idBlock` and no `idAuth` snp-idblock-without-idauth says it.
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
    change,
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
    if launch.author_key != "yes":
        return Pass("it announces no author key", (launch.place,))
    if launch.blob("idBlock") is not None and launch.blob("idAuth") is None:
        return NotApplicable("its idBlock lacks idAuth, as snp-idblock-without-idauth says")
    auth, place = launch.blob("idAuth"), launch.place.at("authorKey")
    if auth is not None:
        return Pass("its idAuth can hold the author key", (place, auth.place))
    remedy = edit("give idBlock and idAuth, or drop authorKey", "", change.drop(place))
    return Fail("authorKey is yes, and there is no idAuth that could hold the key", (place,), remedy)

"""Attestation with the chip's own key is switched off.

Why    vcek='no' forbids reports signed by the VCEK. Unless the host has loaded a VLEK, which cloud providers get from
       AMD, the guest can get no report at all, and nobody can attest it.
Fix    Drop vcek='no', or make sure that the host loads a VLEK.
Refs   SEV-SNP ABI 56860; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 vcek, 1.3 vcek without VLEK, 8
       snp-vcek-disabled)

QEMU's own switch is the reverse: `vcek-disabled=true`.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV_SNP}, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal is not Goal.SEV_SNP:
        return NotApplicable("it is no SEV-SNP guest")
    if launch.vcek != "no":
        return Pass("the chip's own key may sign its reports", (launch.place,))
    place = launch.place.at("vcek")
    remedy = edit("drop vcek, or make sure that the host loads a VLEK", "", change.drop(place))
    return Fail("vcek is no: without a VLEK on the host it can get no attestation report", (place,), remedy)

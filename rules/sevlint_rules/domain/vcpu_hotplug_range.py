"""The guest starts with fewer vCPUs than it may have.

Why    The state of each vCPU is made and measured at launch: one that is plugged in later cannot be added to a guest
       with encrypted state.
Fix    Start with as many as it is to have: drop `current`, or lower the maximum to it.
Refs   qemu: target/i386/sev.c; libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 vcpu hotplug, 8 vcpu-hotplug-range)

That plugging fails is inferred from how these guests are launched: hence a low confidence.
"""

from sevlint.api import Confidence, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.WARNING,
    goals={Goal.SEV_ES, Goal.SEV_SNP, Goal.TDX},
    confidence=Confidence.LOW,
)
def judge(domain: Domain) -> Verdict:
    most, now, place = domain.vcpus, domain.current_vcpus, domain.vcpus_place
    if place is None or most is None or now is None or now >= most:
        return Pass("it starts with all of its vCPUs", (place or domain.place,))
    remedy = edit("start with all vCPUs", f"<vcpu>{most}</vcpu>", change.drop(place.at("current")))
    because = f"it starts with {now} of {most} vCPUs, and the others cannot be added later"
    return Fail(because, (place.at("current"),), remedy, value=f"{now}/{most}")

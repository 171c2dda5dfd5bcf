"""An encrypted guest is shown a Hyper-V hypervisor.

Why    Enlightenments are for Windows. Linux looks for KVM's own CPUID leaves to know how to talk to the host; beside
       Hyper-V's they sit elsewhere.
Fix    Drop `<hyperv>` from `<features>`.
Refs   libvirt: docs/formatdomain.rst, hypervisor features (libvirt-qemu 3.2 hyperv)

That it does harm is inferred, and seen on no machine: hence a note.
"""

from sevlint.api import X86, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86, confidence=Confidence.LOW)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("hyperv")
    inner = [one for one in domain.features if one.name.startswith("hyperv/") and one.state == "on"]
    if found is None or not (inner or found.mode == "passthrough"):
        return Pass("it is shown no Hyper-V", (found.place if found else domain.place,))
    remedy = edit("show no Hyper-V", "", change.drop(found.place))
    return Fail("it is shown a Hyper-V hypervisor, which is for Windows", (found.place,), remedy)

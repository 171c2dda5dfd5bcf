"""KVM is hidden from an encrypted guest.

Why    A guest finds by KVM's CPUID leaves how to talk to its hypervisor; where they are hidden, an encrypted Linux may
       not find the calls that it needs.
Fix    Drop `<hidden state='on'/>` unless a driver in the guest really asks for it.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 hidden KVM)

That it does harm is inferred, and seen on no machine: hence a note.
"""

from sevlint.api import X86, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86, confidence=Confidence.LOW)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("kvm/hidden")
    if found is None or found.state != "on":
        return Pass("KVM is not hidden", (found.place if found else domain.place,))
    place = found.place.at("state")
    remedy = edit("show KVM to the guest", "<hidden state='off'/>", change.put(place, "off"))
    return Fail("KVM is hidden from the guest, which an encrypted Linux may need to see", (place,), remedy)

"""The CPU must have virtualisation for guests of its own, which an encrypted guest does not get.

Why    Nested virtualisation is not available inside an encrypted guest: a feature that is required and not there stops
       the start, or a guest that counts on it fails later.
Fix    Write the feature with policy='disable', or drop it.
Refs   qemu: target/i386/sev.c; libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 nested, 8 cpu-nested-virt-required)
"""

from sevlint.api import X86, AmdRung, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    found = next((one for one in (domain.cpu.required if domain.cpu else ()) if one.text in ("svm", "vmx")), None)
    if found is None:
        return Pass("it requires no nested virtualisation", (domain.cpu.place if domain.cpu else domain.place,))
    do = change.put(found.place.at("policy"), "disable")
    remedy = edit("do without nested virtualisation", f"<feature policy='disable' name='{found.text}'/>", do)
    return Fail(f"it requires {found.text}, which an encrypted guest does not get", (found.place,), remedy)

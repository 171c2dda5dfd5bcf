"""The machine type is older than QEMU's support of encrypted guests.

Why    A versioned machine keeps the device defaults of its QEMU: those before 6.0 know nothing of launch security. It
       works, with the defaults of that time.
Fix    Use `q35`, which libvirt turns into the newest version that the host has. The guest sees new virtual hardware.
Refs   libvirt: docs/kbase/launch_security_sev.rst (pc-q35-3.0 in its example); qemu: hw/core/machine.c (libvirt-qemu
       3.2 old machine, 8 machine-type-old)
"""

from sevlint.api import X86, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.versions import QEMU_CONFIDENTIAL_DEFAULTS, text


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    numbers = domain.machine.removeprefix("pc-q35-").split(".")
    if not domain.machine.startswith("pc-q35-") or not all(one.isdecimal() for one in numbers):
        return NotApplicable("its machine has no version of upstream QEMU's q35")
    place = domain.machine_place.at("machine")
    version = tuple(int(one[:4]) for one in numbers)
    if version >= QEMU_CONFIDENTIAL_DEFAULTS:
        return Pass("its machine is new enough", (place,))
    remedy = edit("use the newest q35", "<type arch='x86_64' machine='q35'>hvm</type>", change.put(place, "q35"))
    because = f"its machine {domain.machine} has the device defaults of before QEMU {text(QEMU_CONFIDENTIAL_DEFAULTS)}"
    return Fail(because, (place,), remedy, value=domain.machine)

"""Arguments are passed to QEMU behind libvirt's back.

Why    libvirt does not understand them, marks the VM as tainted (custom-argv) and cannot keep it protected: they can
       change the machine, the firmware or devices, and no check of the domain sees it.
Fix    Say it in libvirt's own XML, and drop the `qemu:` element.
Refs   libvirt: docs/drvqemu.rst (libvirt-qemu 3.2 qemu commandline, 8 qemu-commandline-override)

What else is judged of the domain is true only as far as these arguments do not change it.
"""

from sevlint.api import CONFIDENTIAL, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain) -> Verdict:
    overrides = domain.overrides
    if overrides.launch_arguments():
        return NotApplicable("qemu-commandline-launch-object speaks of its arguments")
    old = [one.place for one in overrides.old_tdx_arguments()] if domain.goal is Goal.TDX else []
    places = tuple(one.place for one in overrides.arguments if one.place not in old)
    remedy = edit("say it in libvirt's own XML")
    if places:
        because = f"{count(len(places), 'argument')} passed to QEMU behind libvirt's back"
        return Fail(because, places, remedy=remedy, value="commandline")
    if overrides.properties is not None:
        because = "properties of devices are changed behind libvirt's back"
        return Fail(because, (overrides.properties,), remedy=remedy, value="override")
    return Pass("nothing is passed to QEMU behind libvirt's back", (domain.place,))

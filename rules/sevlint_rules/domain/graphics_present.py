"""The guest has a graphical console.

Why    What the guest shows leaves the protected memory: the host, and who may connect to the console, can see it.
Fix    Drop `<graphics>` and use SSH, or show nothing confidential there.
Refs   libvirt: docs/formatdomain.rst, graphical framebuffers (libvirt-qemu 2.5 what it adds, 3.2 graphics, 8
       graphics-present; intel-tdx 7.4 graphics, 7.4 virt-install)

virt-install adds one by itself, hence a note. One that is open to the network is graphics-exposed.
"""

from sevlint.api import X86, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    graphics = [one for one in domain.all("graphics") if one.type != "egl-headless"]
    if not graphics:
        return Pass("it has no graphical console", (domain.devices_place or domain.place,))
    found = [one for one in graphics if not one.has_password and (one.tls == "yes" or not one.open_addresses)]
    if not found:
        return NotApplicable("graphics-exposed speaks of its console")
    remedy = edit("drop the graphical console", "", *(change.drop(one.place) for one in found))
    because = "its graphical console shows the guest's screen to the host"
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].type)

"""VMware's port is on in an encrypted guest.

Why    Its driver reads and writes registers through an I/O port, which an encrypted guest can only do by its exit
       handler: nothing in such a guest needs it, and the host gains one more way to talk to it.
Fix    Write `<vmport state='off'/>`, as virt-install does.
Refs   AMDESE/AMDSEV: launch-qemu.sh; libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 vmport)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("vmport")
    if found is None or found.state != "on":
        return Pass("it does not ask for VMware's port", (found.place if found else domain.place,))
    place = found.place.at("state")
    remedy = edit("switch VMware's port off", "<vmport state='off'/>", change.put(place, "off"), safe=True)
    return Fail("VMware's port is on", (place,), remedy, value="on")

"""The HPET timer is not switched off for a TDX guest.

Why    A TDX guest keeps its time by the TSC; the HPET is a device that the host emulates and may bend.
Fix    Write `<timer name='hpet' present='no'/>` into `<clock>`, as virt-install does.
Refs   libvirt: docs/formatdomain.rst; virt-manager: virtinst/domain/clock.py (intel-tdx 7.4 hpet; libvirt-qemu 3.2
       hpet)
"""

from sevlint.api import Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_OFF = "<timer name='hpet' present='no'/>"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.TDX})
def judge(domain: Domain) -> Verdict:
    found = next((one for one in domain.timers if one.name == "hpet"), None)
    if found is not None and found.present is False:
        return Pass("it has no HPET", (found.place,))
    if found is not None:
        do = change.put(found.place.at("present"), "no")
    elif domain.clock_place is not None:
        do = change.add(domain.clock_place, _OFF)
    else:
        do = change.add(domain.place, f"<clock offset='utc'>{_OFF}</clock>")
    remedy = edit("switch the HPET off", _OFF, do, safe=True)
    if found is None:
        place = domain.clock_place or domain.place
        return Fail("it leaves the HPET to QEMU's default", (place,), remedy, severity=Severity.NOTE)
    return Fail("it has a HPET", (found.place,), remedy, value="on")

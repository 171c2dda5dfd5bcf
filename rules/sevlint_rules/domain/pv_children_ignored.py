"""Elements inside the launch security of a Secure Execution guest.

Why    `<launchSecurity type='s390-pv'/>` has no settings: libvirt ignores what stands in it. The image itself says
       how the guest is protected.
Fix    Write `<launchSecurity type='s390-pv'/>`.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 1.4 s390, 8 pv-children-ignored; intel-tdx 11.1)
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import DomainXml

_FRAGMENT = "<launchSecurity type='s390-pv'/>"
_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals={Goal.S390_PV})
def judge(xml: DomainXml) -> Verdict:
    launch = xml.launch
    if launch is None or launch.get("type") != "s390-pv":
        return NotApplicable("it is no Secure Execution guest")
    if not launch.children:
        return Pass("its launch security has no children", (launch.place,))
    names = ", ".join(f"`{one.tag[:_SHOWN]}`" for one in launch.children[:3])
    drops = [change.drop(one.place) for one in launch.children]
    remedy = edit("drop what stands in it", _FRAGMENT, *drops, safe=True)
    because = f"libvirt ignores {names} in the launch security of type s390-pv"
    return Fail(because, tuple(one.place for one in launch.children[:3]), remedy)

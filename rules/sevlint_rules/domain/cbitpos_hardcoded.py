"""The C-bit's position is written down, though libvirt finds it out.

Why    The position is a property of the CPU (47 up to EPYC 7002, 51 since EPYC 7003): with a number in the XML the VM
       does not start on another kind of host.
Fix    Leave `<cbitpos>` out: libvirt 6.9 and newer ask the host.
Refs   libvirt: docs/formatdomain.rst, NEWS.rst (libvirt-qemu 1.2 cbitpos, 2.2 status XML, 3.3 #2, 4.1 status XML, 7
       optional cbitpos, 8 cbitpos-hardcoded)

libvirt's manual still calls the element required. In the XML of a running VM libvirt has filled it in.
"""

from sevlint.api import AMD_SEV, Fail, NotApplicable, Pass, Severity, Subject, Verdict, View, change, edit, rule
from sevlint.facts.amd import CBit
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_FILLS_C_BIT


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=AMD_SEV)
def judge(domain: Domain, host: CBit | None, versions: StackVersions | None) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type has no cbitpos")
    if domain.view is not View.AT_REST:
        return NotApplicable("libvirt fills cbitpos in when a VM starts")
    written = launch.cbitpos
    number = written.number if written is not None else None
    if written is None or number is None:
        return Pass("it writes no position of the C-bit down", (launch.place,))
    if host is not None and host.bit != number:
        return NotApplicable("it is wrong for this host, as cbitpos-wrong-for-cpu says")
    libvirt = versions.libvirt if versions is not None else None
    if libvirt is not None and libvirt.version < LIBVIRT_FILLS_C_BIT:
        return Pass(f"libvirt {libvirt.text} needs it", (written.place, libvirt.place))
    remedy = edit("leave cbitpos out", "", change.drop(written.place.at("")), safe=True)
    because = f"cbitpos {number} is written down, though libvirt finds it out: other CPUs need another"
    return Fail(because, (written.place,), remedy, value=str(number))

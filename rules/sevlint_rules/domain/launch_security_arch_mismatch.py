"""The architecture cannot have this kind of launch security.

Why    SEV and TDX are of x86 processors, Secure Execution is of s390: with another `arch` QEMU knows no such object,
       and libvirt refuses the domain. i686 is no way round it: the firmware made for them has 64 bits.
Fix    Ask for what the architecture has: sev, sev-snp or tdx on x86_64, s390-pv on s390x.
Refs   libvirt: docs/formatdomain.rst, docs/formatdomaincaps.rst (libvirt-qemu 1.1 architectures, 3.2 arch, 8
       launch-security-arch-mismatch)
"""

from sevlint.api import (
    CONFIDENTIAL,
    AmdRung,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal is None:
        return NotApplicable("it asks for no launch security that libvirt knows")
    if not domain.arch:
        return NotApplicable("it names no architecture: libvirt takes its host's")
    place = domain.machine_place.at("arch")
    fitting = "s390x" if launch.goal is Goal.S390_PV else "x86_64"
    if domain.arch == fitting:
        return Pass(f"{domain.arch} can have {launch.type}", (place,))
    because = f"{domain.arch} cannot have launch security of type {launch.type}"
    remedy = edit("ask for what the architecture has, or mend the architecture")
    return Fail(because, (place, launch.type_place), remedy, value=domain.arch)

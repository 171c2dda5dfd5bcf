"""The C-bit's position is not this host's.

Why    QEMU compares it with the CPU and stops: `cbitpos check failed, host '51' requested '47'`. Guides written for
       EPYC 7001 and 7002 say 47; it is 51 on EPYC 7003 and 9004.
Fix    Leave `<cbitpos>` out: libvirt 6.9 and newer ask the host.
Refs   qemu: target/i386/sev.c; libvirt: docs/formatdomaincaps.rst (libvirt-qemu 2.2 cbitpos, 3.3 #2, 4.2 cbitpos, 8
       cbitpos-wrong-for-cpu; amd-host 1.3 C-bit, 9 #19)

Judged with the host around the domain, or the one that `--host` lends: by its domain capabilities, else by its CPU.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.amd import CBit
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain, host: CBit | None) -> Verdict:
    launch = domain.launch_security
    written = launch.cbitpos if launch is not None and launch.goal in AMD_SEV else None
    number = written.number if written is not None else None
    if written is None or number is None:
        return NotApplicable("it writes no position of the C-bit down")
    if host is None:
        return Open("where the host's C-bit is was not collected", ("cmd/virsh-domcapabilities", "proc/cpuinfo"))
    if number == host.bit:
        return Pass(f"the C-bit of the host is {host.bit}", (written.place, host.place))
    remedy = edit("leave cbitpos out", "", change.drop(written.place.at("")), safe=True)
    because = f"cbitpos is {number}, and the host's C-bit is {host.bit}"
    return Fail(because, (written.place, host.place), remedy, value=str(number))

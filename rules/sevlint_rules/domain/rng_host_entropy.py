"""The host feeds random numbers to the guest.

Why    The host knows what a virtio random number generator gives. The kernel mixes it with RDRAND and RDSEED, so it
       does no harm; alone it would be no source for keys.
Fix    Keep it if you like, and do not rely on it: the guest must use the CPU's generator.
Refs   libvirt: docs/formatdomain.rst, random number generator device (libvirt-qemu 3.2 rng)

virt-install adds one by itself, hence a note.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.all("rng")
    if not found:
        return Pass("it takes no random numbers from the host", (domain.devices_place or domain.place,))
    because = "the host knows the random numbers of its virtio generator"
    return Fail(because, tuple(one.place for one in found), remedy=edit("do not rely on it for keys"))

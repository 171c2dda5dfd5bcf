"""A directory of the host is shared with the guest.

Why    The host controls what the guest reads there, and reads what the guest writes: it is outside the protection.
Fix    Put nothing confidential there, and run nothing from it that is not verified.
Refs   qemu: hw/virtio/vhost-user-fs.c (libvirt-qemu 3.2 virtiofs, 8 virtiofs-host-content)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.all("filesystem")
    if not found:
        return Pass("it shares no directory with the host", (domain.devices_place or domain.place,))
    because = f"{count(len(found), 'file system')} of the host, whose content the host controls"
    remedy = edit("share nothing confidential, or drop it")
    return Fail(because, tuple(one.place for one in found), remedy=remedy)

"""A disk is encrypted by the host, which does not keep the host out.

Why    `<encryption>` is QEMU's work, with a key that libvirt holds: the host reads and writes the plain disk. It helps
       against a stolen drive; a confidential guest is to be safe from the host itself.
Fix    Encrypt inside the guest, with integrity (dm-crypt, dm-integrity), and hand the key over after attestation.
Refs   libvirt: docs/formatstorageencryption.rst (libvirt-qemu 3.2 disk encryption of the host)

Whether the guest encrypts what it writes does not show in the domain.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("disk") if one.encrypted]
    if not found:
        return Pass("no disk is encrypted by the host", (domain.devices_place or domain.place,))
    because = f"{count(len(found), 'disk')} encrypted by the host, which holds the key"
    return Fail(because, tuple(one.place for one in found), remedy=edit("encrypt inside the guest"))

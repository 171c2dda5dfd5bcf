"""Its TPM is outside the protected guest.

Why    An emulated TPM is a process of the host, a passed-through one the host's own: the host can read and change its
       state. It proves nothing about the guest, and what is sealed to it is not safe from the host.
Fix    Do not seal secrets to it, nor rely on measured boot; use the technology's own attestation.
Refs   libvirt: docs/formatdomain.rst, TPM device (libvirt-qemu 3.2 vTPM, 8 tpm-emulated-outside-tee; intel-tdx 7.4 tpm)

virt-install adds an emulated TPM by itself, hence a note.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.all("tpm")
    if not found:
        return Pass("it has no TPM", (domain.devices_place or domain.place,))
    because = "its TPM is the host's: nothing sealed to it is safe from the host"
    places = tuple(one.place for one in found)
    return Fail(because, places, remedy=edit("seal nothing to this TPM, or drop it"), value=found[0].backend)

"""The guest's memory is locked, which this type of guest does not need.

Why    The private memory of SEV-SNP and TDX guests is guest_memfd's: it is never swapped, and not charged to the limit
       of locked memory. Locking only pins the shared part, and a hard limit may get the VM killed.
Fix    Drop `<locked/>` and `<hard_limit>`, unless they serve something else.
Refs   qemu: target/i386/sev.c (libvirt-qemu 3.2 locked SEV-SNP, 3.3 #4, 8 memory-locked-unneeded; intel-tdx 7.4 locked)

Manuals written for SEV ask for both.
"""

from sevlint.api import PRIVATE_MEMORY, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=PRIVATE_MEMORY)
def judge(domain: Domain) -> Verdict:
    found = [place for place in (domain.locked, domain.hard_limit_place) if place is not None]
    if not found:
        return Pass("its memory is not locked", (domain.place,))
    remedy = edit("drop what SEV needed", "", *(change.drop(place) for place in found))
    because = "its memory is locked or limited as SEV needs it, and this type does not"
    return Fail(because, tuple(found), remedy)

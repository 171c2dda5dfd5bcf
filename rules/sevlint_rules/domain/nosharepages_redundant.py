"""Page merging is switched off, which it is already.

Why    QEMU switches merging off for every confidential guest (`mem-merge=off`), and ciphertext has nothing in common.
Fix    Drop `<nosharepages/>`, or leave it: it does no harm.
Refs   qemu: hw/core/machine.c (libvirt-qemu 3.1 nosharepages)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.no_shared_pages
    if found is None:
        return Pass("it does not speak of merging", (domain.backing_place or domain.place,))
    remedy = edit("drop the element", "", change.drop(found), safe=True)
    return Fail("<nosharepages/> says what holds for every encrypted guest", (found,), remedy)

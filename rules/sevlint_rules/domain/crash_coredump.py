"""A crash of the guest is to leave a core dump.

Why    The dump of an encrypted guest is ciphertext, apart from what it shares with the host: it helps nobody, and takes
       as much room as the guest has memory.
Fix    Write `destroy` or `restart` without the dump; let the guest's own kdump write one.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 3.2)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_WITHOUT = {"coredump-destroy": "destroy", "coredump-restart": "restart"}


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = domain.on_crash
    if found is None or found.text not in _WITHOUT:
        return Pass("a crash leaves no dump", (found.place if found else domain.place,))
    right = _WITHOUT[found.text]
    do = change.put(found.place, right)
    remedy = edit("leave the dump out", f"<on_crash>{right}</on_crash>", do, safe=True)
    return Fail("a crash leaves a dump of ciphertext", (found.place,), remedy, value=found.text)

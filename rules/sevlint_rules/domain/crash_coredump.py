"""A crash of the guest makes a core dump.

Why    The core holds ciphertext for all that is encrypted, and zeroes or nothing for private memory: it takes the disk
       space of the guest's memory and tells nothing; shared pages lie in it in clear.
Fix    `<on_crash>destroy</on_crash>` (or restart), and a watchdog action other than dump; dump in the guest.
Refs   libvirt: docs/formatdomain.rst, events configuration (libvirt-qemu 3.2 core dumps, 8 crash-coredump)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_AFTER = {"coredump-destroy": "destroy", "coredump-restart": "restart"}


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict | list[Fail]:
    fails = []
    crash = domain.on_crash
    if crash is not None and crash.text in _AFTER:
        after = _AFTER[crash.text]
        remedy = edit("make no dump", f"<on_crash>{after}</on_crash>", change.put(crash.place, after), safe=True)
        because = "a crash makes a core dump, of ciphertext"
        fails.append(Fail(because, (crash.place,), remedy=remedy, value=crash.text))
    for dog in domain.all("watchdog"):
        if dog.action == "dump":
            place = dog.place.at("action")
            remedy = edit("choose another action", "<watchdog action='reset'/>", change.put(place, "reset"))
            fails.append(Fail("its watchdog makes a core dump, of ciphertext", (place,), remedy=remedy, value="dump"))
    return fails or Pass("a crash makes no core dump", ((crash.place if crash else domain.place),))

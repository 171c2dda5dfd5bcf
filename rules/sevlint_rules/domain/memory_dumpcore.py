"""The guest's memory is to be part of QEMU's core dumps.

Why    Of an encrypted guest a core holds ciphertext, which helps nobody, and what the guest shares with the host.
Fix    Write dumpCore='off', or drop the attribute: off is libvirt's default.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 core dumps, 8 memory-dumpcore)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    if domain.dump_core != "on" or domain.memory_place is None:
        return Pass("its memory is in no core dump", (domain.memory_place or domain.place,))
    place = domain.memory_place.at("dumpCore")
    remedy = edit("keep its memory out of core dumps", "dumpCore='off'", change.put(place, "off"), safe=True)
    return Fail("its memory is part of core dumps, as ciphertext", (place,), remedy, value="on")

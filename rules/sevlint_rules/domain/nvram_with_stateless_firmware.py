"""Stateless firmware with a variable store, which libvirt refuses.

Why    libvirt stops with `NVRAM is not permitted when loader is stateless`.
Fix    Drop `<nvram>`: stateless firmware keeps no variables, which is what an encrypted guest wants.
Refs   libvirt: src/conf/domain_validate.c (libvirt-qemu 2.1 template with stateless, 2.1 NVRAM with stateless)
"""

from sevlint.api import AmdRung, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV, Goal.SEV_ES}, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    place = firmware.nvram_place
    if place is None or not firmware.stateless:
        return Pass("it has no store beside stateless firmware", (firmware.loader_place or firmware.place,))
    remedy = edit("drop the variable store", "", change.drop(place), safe=True)
    return Fail("it has an <nvram>, and its firmware is stateless: libvirt refuses both", (place,), remedy)

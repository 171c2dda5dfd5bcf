"""cbitpos or reducedPhysBits is no decimal number.

Why    libvirt reads both as decimal numbers and refuses anything else, 0x33 too: `Invalid format for launch security
       cbitpos`.
Fix    Leave the element out: libvirt 6.9 and newer ask the host. Older ones need the decimal number (51 or 47, and
       1).
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2 cbitpos, 1.2 reducedPhysBits, 2.1 numbers)

The policy beside them is hexadecimal.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict | Sequence[Fail]:
    launch = domain.launch_security
    if launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type has neither cbitpos nor reducedPhysBits")
    fails, seen = [], []
    for name, setting in (("cbitpos", launch.cbitpos), ("reducedPhysBits", launch.reduced_phys_bits)):
        if setting is None or not setting.text:
            continue
        seen.append(setting.place)
        if setting.number is None:
            text = setting.text[:_SHOWN]
            remedy = edit("leave it out: libvirt asks the host", "", change.drop(setting.place.at("")))
            because = f"{name} `{text}` is no decimal number, which libvirt demands"
            fails.append(Fail(because, (setting.place,), remedy, value=text))
    return fails or Pass("its numbers can be read", tuple(seen) or (launch.place,))

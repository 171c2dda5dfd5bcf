"""The host tries to save its guests when it shuts down, and encrypted guests cannot be saved.

Why    libvirt-guests saves every running VM with ON_SHUTDOWN=suspend, its default; of an encrypted guest that fails
       (`SEV: Migration is not implemented`), and the guest is killed with the host.
Fix    Set ON_SHUTDOWN=shutdown in the file named.
Refs   libvirt: tools/libvirt-guests.sysconf; qemu: target/i386/sev.c (libvirt-qemu 3.2 migration, 3.2 libvirt-guests,
       4.1 autostart, 4.4 ON_SHUTDOWN, 8 save-on-shutdown; intel-tdx 7.4 save)

Whether the service libvirt-guests is enabled is not collected.
"""

from sevlint.api import (
    X86,
    Confidence,
    Fail,
    Gap,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.domain import AutostartedDomains, Domain, GuestsAtShutdown

_REMEDY = Remedy("set ON_SHUTDOWN=shutdown for libvirt-guests")


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain, guests: GuestsAtShutdown | Gap, autostarted: AutostartedDomains | None) -> Verdict:
    if isinstance(guests, Gap):
        if guests.is_damage:
            return Open("what libvirt-guests does could not be read", guests.wanted)
        return NotApplicable("no settings of libvirt-guests were found")
    if guests.action not in ("", "suspend"):
        return Pass(f"libvirt-guests does {guests.action} at shutdown, and no save", (guests.place,))
    if not domain.running and (autostarted is None or domain.name not in autostarted.names):
        return NotApplicable("it neither runs nor starts with the host")
    because = "the host saves its guests at shutdown, which fails for an encrypted one"
    if not guests.action:
        because += " (the default, which distributions change)"
        return Fail(because, (guests.place, domain.place), _REMEDY, confidence=Confidence.LOW)
    return Fail(because, (guests.place, domain.place), _REMEDY, value=guests.action)

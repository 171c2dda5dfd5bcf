"""Core dumps of QEMU are to hold the guests' memory.

Why    Of an encrypted guest a core holds ciphertext, which helps nobody, and in clear what the guest shares with the
       host. It is as large as the guest.
Fix    Take dump_guest_core = 1 out of /etc/libvirt/qemu.conf: off is libvirt's default.
Refs   libvirt: src/qemu/qemu.conf.in (libvirt-qemu 4.3 dump_guest_core, 4.3 max_core)

A domain may still say it for itself: that is memory-dumpcore.
"""

from sevlint.api import X86, Fail, Gap, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint_rules.isolation._unread import unread


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=X86)
def judge(conf: QemuSettings | Gap) -> Verdict:
    if isinstance(conf, Gap):
        return unread(conf, "qemu.conf")
    found, core = conf.settings.set_to("dump_guest_core", "1"), conf.settings.get("max_core")
    if found is None:
        return Pass("cores hold no memory of guests", (conf.place,))
    remedy = Remedy("take dump_guest_core out of /etc/libvirt/qemu.conf", needs=Needs.RELOAD)
    places = (found.place, *((core.place,) if core is not None else ()))
    return Fail("QEMU's core dumps hold the memory of guests, as ciphertext", places, remedy)

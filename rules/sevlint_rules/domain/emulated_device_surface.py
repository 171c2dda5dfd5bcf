"""USB, sound and other emulated devices that a confidential guest seldom needs.

Why    Each is code of the host that the guest's drivers believe: a way for the host to attack the guest, with nothing
       gained where nobody sits at its console.
Fix    Drop sound, smart card and redirection devices and the tablet, and write `<controller type='usb' model='none'/>`.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 2.5 what it adds, 3.2 USB and sound)

virt-install adds several by itself, hence one note for all of them.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Device, Domain
from sevlint.words import few

_KINDS = ("redirdev", "sound", "smartcard", "hub")


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.devices if _is_surface(one)]
    if not found:
        return Pass("it has no USB, sound or redirected device", (domain.devices_place or domain.place,))
    kinds = dict.fromkeys("usb" if one.kind in ("controller", "input", "hub") else one.kind for one in found)
    because = f"emulated devices that it may not need: {few(list(kinds))}"
    remedy = edit("drop those that are not needed", "<controller type='usb' model='none'/>")
    return Fail(because, tuple(one.place for one in found), remedy=remedy)


def _is_surface(one: Device) -> bool:
    if one.kind == "controller":
        return one.type == "usb" and one.model != "none"
    return one.kind in _KINDS or (one.kind == "input" and one.bus == "usb")

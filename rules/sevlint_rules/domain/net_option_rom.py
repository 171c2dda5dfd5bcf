"""A network card keeps its option ROM, which does not know of encryption.

Why    QEMU attaches an iPXE ROM to a virtio network card; run by firmware in an encrypted guest it hangs. It is run
       when the guest boots from the network.
Fix    `<rom enabled='no'/>` in each `<interface>`: OVMF has network drivers of its own.
Refs   libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 3.2 option ROM, 3.2 option ROM TDX, 8 net-option-rom)

A warning where the network is in the boot order, else a note. A TDX guest never sees option ROMs. The model of a card
that is a function of the host is not looked at: QEMU attaches no ROM to it.
"""

from sevlint.api import AMD_SEV, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count

_OFF = "<rom enabled='no'/>"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=AMD_SEV)
def judge(domain: Domain) -> Verdict:
    cards = [one for one in domain.all("interface") if one.model.startswith("virtio") and one.type != "hostdev"]
    found = [one for one in cards if one.rom != "off"]
    if not found:
        return Pass("no network card has an option ROM", (domain.devices_place or domain.place,))
    is_booted = any(one.text == "network" for one in domain.boot) or any(one.boot_order is not None for one in found)
    changes = (
        change.put(one.rom_place, _OFF) if one.rom_place is not None else change.add(one.place, _OFF) for one in found
    )
    remedy = edit("switch the option ROM off", _OFF, *changes, safe=True)
    because = f"the option ROM of {count(len(found), 'network card')} is on"
    places = tuple(one.rom_place or one.place for one in found)
    if is_booted:
        return Fail(f"{because}, and firmware runs it to boot from the network", places, remedy=remedy, value="boot")
    return Fail(because, places, remedy=remedy, severity=Severity.NOTE)

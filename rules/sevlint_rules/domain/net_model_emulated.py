"""An emulated network card.

Why    Emulated cards (e1000, rtl8139 ...) work through bounce buffers only, and every packet is copied.
Fix    Use model virtio, which every guest that can be confidential has a driver for.
Refs   virt-manager: virtinst (its own examples keep e1000e); libvirt: docs/formatdomain.rst (libvirt-qemu 3.2 emulated
       network, 8 net-model-emulated)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import count

_EMULATED = ("e1000", "rtl8139", "pcnet", "vmxnet3", "ne2k", "i8255", "igb", "usb-net", "tulip", "sungem")


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("interface") if one.model.startswith(_EMULATED)]
    places = tuple(one.model_place.at("type") for one in found if one.model_place is not None)
    if not places:
        return Pass("it has no emulated network card", (domain.devices_place or domain.place,))
    remedy = edit("use model virtio", "<model type='virtio'/>", *(change.put(one, "virtio") for one in places))
    because = f"{count(len(places), 'emulated network card')}, slow in a confidential guest"
    return Fail(because, places, remedy=remedy, value=found[0].model)

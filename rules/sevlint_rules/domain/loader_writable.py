"""The guest may write to its firmware image.

Why    Without readonly='yes' the flash that holds the firmware's code is writable: the guest changes the file, its next
       launch measures something else, and guests that share the file change each other.
Fix    Write `<loader readonly='yes' type='pflash'>`.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 2.4 SEV flash, 8 loader-writable)

With `<os firmware='efi'>` libvirt makes the flash read-only unless readonly='no' is written.
"""

from sevlint.api import Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV, Goal.SEV_ES})
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    place = firmware.loader_place
    is_flash = firmware.loader_type == "pflash" and firmware.loader and firmware.is_uefi
    is_read_only = firmware.stateless or firmware.readonly == "yes" or (firmware.autoselect and not firmware.readonly)
    if place is None or not is_flash or is_read_only:
        return Pass("it cannot write to its firmware", (place or firmware.place,))
    shown = "<loader readonly='yes' type='pflash'>"
    remedy = edit("make the firmware read-only", shown, change.put(place.at("readonly"), "yes"), safe=True)
    return Fail("it may write to its firmware image", (place,), remedy, value=firmware.readonly)

"""libvirt chose this firmware for a domain without launch security.

Why    With `<os firmware='efi'>` libvirt 9.2 and newer chooses once and writes what it chose into the XML. Here it did
       so while nothing asked for protection: once `<launchSecurity>` is there, it looks only for firmware of that path
       that also has the feature for it, and may find none.
Fix    Together with `<launchSecurity>`, drop the `<loader>`, `<nvram>` and `<firmware>` that libvirt wrote: it then
       chooses anew.
Refs   libvirt: NEWS.rst 9.2.0, src/qemu/qemu_firmware.c (libvirt-qemu 2.3 given paths, 7 persistent firmware)

Said only where protection is wanted of a domain that does not ask for it.
"""

from sevlint.api import PRIVATE_MEMORY, X86, Fail, Goal, NotApplicable, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86)
def judge(domain: Domain, goal: Goal) -> Verdict:
    firmware = domain.firmware
    loader = firmware.loader_place
    if domain.launch_security is not None or firmware.autoselect != "efi" or loader is None or not firmware.loader:
        return NotApplicable("it asks for protection, or libvirt chose no firmware for it")
    if goal in PRIVATE_MEMORY and firmware.loader_type == "pflash":
        return NotApplicable("its firmware is flash, which is refused already")
    drops = [loader.at(""), *(place for place in (firmware.nvram_place,) if place is not None)]
    drops += [one.place for one in firmware.features]
    remedy = edit("let libvirt choose anew", "", *(change.drop(place) for place in drops))
    because = "libvirt chose its firmware while it asked for no protection, and keeps to it"
    return Fail(because, (loader,), remedy)

"""What `<os>` says of the firmware contradicts itself, and libvirt refuses it.

Why    Firmware features and a loader without a path are for firmware that libvirt chooses, which it does only with
       firmware='efi': `cannot use feature-based firmware autoselection when firmware autoselection is disabled`, `no
       loader path specified and firmware auto selection disabled`. Keys cannot be enrolled without Secure Boot, and
       only flash can have variables (stateless='no').
Fix    Write `<os firmware='efi'>` where libvirt is to choose, else name the image in `<loader>` and ask for no
       features.
Refs   libvirt: src/conf/domain_validate.c (libvirt-qemu 2.1 enrolled-keys, 2.1 features without autoselection,
       2.1 loader without path, 2.1 pflash permits NVRAM)

Of a store beside stateless firmware nvram-with-stateless-firmware speaks.
"""

from sevlint.api import X86, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, DomainXml


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    firmware, os = domain.firmware, xml.os
    if os is None:
        return NotApplicable("it has no <os>")
    asked = {one.name: one for one in firmware.features}
    keys, boot = asked.get("enrolled-keys"), asked.get("secure-boot")
    if firmware.autoselect and keys is not None and boot is not None and (keys.state, boot.state) == ("yes", "no"):
        remedy = edit("enroll no keys", "", change.drop(keys.place))
        return Fail("it wants keys enrolled, and no Secure Boot", (keys.place, boot.place), remedy, value="keys")
    if firmware.asks_for_autoselection:
        place = firmware.features[0].place if firmware.features else firmware.loader_place or firmware.place
        what = "firmware features" if firmware.features else "a loader without a path"
        if firmware.loader:
            remedy = edit("ask for no features", "", *(change.drop(one.place) for one in firmware.features))
        else:
            put = change.put(os.place.at("firmware"), "efi")
            remedy = edit("let libvirt choose", "<os firmware='efi'>", put)
        return Fail(f"it has {what}, and does not let libvirt choose its firmware", (place,), remedy, value=what)
    loader = next((one for one in os.children if one.tag == "loader"), None)
    is_rom = firmware.loader_type == "rom" and not firmware.autoselect
    if is_rom and loader is not None and loader.get("stateless") == "no":
        place = loader.place.at("stateless")
        remedy = edit("drop stateless='no'", "", change.drop(place), safe=True)
        return Fail("its firmware is a ROM, and is to keep variables", (place,), remedy, value="rom")
    return Pass("what it says of its firmware fits together", (firmware.place,))

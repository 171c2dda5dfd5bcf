"""libvirt finds no firmware for this SEV-SNP guest by itself.

Why    The usual firmware for SEV-SNP keeps no variables, and libvirt 10.5 to 11.7 chooses such a one only where the
       domain asks for it: `Unable to find 'efi' firmware that is compatible with the current configuration`.
Fix    Put `<loader stateless='yes'/>` into `<os>`, which is right on every version, or upgrade libvirt to 11.8.0.
Refs   libvirt: NEWS.rst 11.8.0, src/qemu/qemu_firmware.c (libvirt-qemu 2.3 stateless mode, 2.3 #1, 7 stateless choice,
       8 firmware-stateless-needed-for-autoselect)

Without a host nothing says which libvirt it is: then this is a note.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.firmware import FirmwareDescriptors
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_STATELESS_MUST_BE_ASKED

_STATELESS = "<loader stateless='yes'/>"


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions | None, descriptors: FirmwareDescriptors | None) -> Verdict:
    firmware = domain.firmware
    if firmware.autoselect != "efi" or firmware.loader or firmware.loader_type or firmware.has_nvram:
        return NotApplicable("libvirt does not choose its firmware freely")
    if firmware.stateless:
        return Pass("it asks for stateless firmware", (firmware.loader_place or firmware.place,))
    if descriptors is not None:
        return NotApplicable("the host's firmware descriptors tell what libvirt finds")
    loader = firmware.loader_place
    do = change.put(loader.at("stateless"), "yes") if loader else change.add(firmware.place, _STATELESS)
    remedy = edit("ask for stateless firmware", _STATELESS, do, safe=True)
    libvirt = versions.libvirt if versions is not None else None
    first, fixed = LIBVIRT_STATELESS_MUST_BE_ASKED
    if libvirt is None:
        because = "libvirt 10.5 to 11.7 finds no firmware for SEV-SNP unless stateless is asked for"
        return Fail(because, (firmware.place,), remedy, severity=Severity.NOTE)
    if libvirt.version >= fixed:
        return Pass(f"libvirt {libvirt.text} chooses stateless firmware by itself", (libvirt.place,))
    if libvirt.version < first:
        return NotApplicable("its libvirt knows no SEV-SNP")
    because = f"libvirt {libvirt.text} finds no firmware for SEV-SNP unless stateless is asked for"
    return Fail(because, (firmware.place, libvirt.place), remedy, value=libvirt.text)

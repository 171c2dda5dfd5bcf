"""The guest's UEFI variables are kept by the host.

Why    Only the firmware's code is measured. The variable store is a file that the host may change: boot order, Secure
       Boot keys and everything else that the firmware reads from it.
Fix    Use a firmware without a store: `<loader stateless='yes'>` and no `<nvram>`, with an image made for it
       (OVMF.amdsev.fd).
Refs   qemu: hw/i386/pc_sysfw.c; libvirt: docs/formatdomain.rst (libvirt-qemu 2.2 stateful NVRAM, 2.4 SEV flash, 2.4 SEV
       rom, 2.4 NVRAM added, 8 firmware-stateful-nvram)
"""

from sevlint.api import Change, Fail, Goal, Pass, Place, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, Firmware

_STATELESS = "<loader stateless='yes'/>"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV, Goal.SEV_ES})
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    loader = firmware.loader_place
    is_flash = firmware.loader_type == "pflash" and bool(firmware.loader)
    kept = firmware.nvram_place or (loader if is_flash else None)
    if firmware.stateless or kept is None or not firmware.is_uefi:
        return Pass("its firmware keeps no variables on the host", (loader or firmware.place,))
    because = "its UEFI variables are kept in a file of the host, which nothing measures"
    return Fail(
        because, (kept,), edit("use firmware without a variable store", _STATELESS, *_changes(firmware, loader))
    )


def _changes(firmware: Firmware, loader: Place | None) -> list[Change]:
    drop = [change.drop(firmware.nvram_place)] if firmware.nvram_place is not None else []
    if loader is None:
        return [change.add(firmware.place, _STATELESS), *drop]
    if firmware.autoselect == "efi":
        return [change.put(loader.at(""), _STATELESS), *drop]  # libvirt looks for one that fits
    return [change.put(loader.at("stateless"), "yes"), *drop]

"""The firmware is attached as flash, which SEV-SNP and TDX guests cannot have.

Why    Flash needs read-only memory, which KVM does not give these guests: QEMU stops with `pflash with kvm requires KVM
       readonly memory support`.
Fix    Load the firmware as ROM: `<loader type='rom'>` with an image made for it, and no `<nvram>`.
Refs   qemu: hw/i386/pc_sysfw.c, target/i386/kvm/tdx.c; AMDESE/AMDSEV issue 223 (libvirt-qemu 2.4 SNP flash, 2.4 TDX
       flash, 8 firmware-pflash-with-private-memory; intel-tdx 7.1 ROM, 7.1 read-only memory, 7.4 os/loader)

Manuals that describe OVMF_CODE and OVMF_VARS for every technology are right for SEV and SEV-ES only.
"""

from sevlint.api import (
    PRIVATE_MEMORY,
    AmdRung,
    Fail,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain, Firmware, escape


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=PRIVATE_MEMORY, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    remedy = _remedy(firmware)
    if firmware.loader_type == "pflash" and firmware.loader_place is not None:
        because = "its firmware is attached as flash, which QEMU refuses for this type"
        return Fail(because, (firmware.loader_place,), remedy=remedy, value=firmware.loader_type)
    if firmware.has_nvram and firmware.nvram_place is not None:
        because = "it has an <nvram>, which needs flash, and QEMU refuses flash for this type"
        return Fail(because, (firmware.nvram_place,), remedy=remedy, value="nvram")
    return Pass("its firmware is not attached as flash", (firmware.loader_place or firmware.place,))


def _remedy(firmware: Firmware) -> Remedy:
    """Whole where the image can be a ROM; what libvirt chose, it may choose anew."""
    drops = [change.drop(firmware.nvram_place)] if firmware.nvram_place is not None else []
    loader = firmware.loader_place
    if firmware.autoselect == "efi" and loader is not None:
        stateless = "<loader stateless='yes'/>"
        return edit("let libvirt choose stateless firmware", stateless, change.put(loader.at(""), stateless), *drops)
    shown = f"<loader type='rom'>{escape(firmware.loader) if _is_rom(firmware.loader) else '/PATH/TO/OVMF.fd'}</loader>"
    text = "load the firmware as ROM and drop <nvram>"
    if loader is None or not _is_rom(firmware.loader):
        return edit(text, shown)
    return edit(text, shown, change.put(loader.at(""), shown), *drops)


def _is_rom(path: str) -> bool:
    """Half of a split image is no ROM, nor is a qcow2 file."""
    name = path.rsplit("/", 1)[-1].lower()
    return bool(name) and "code" not in name and not name.endswith(".qcow2")

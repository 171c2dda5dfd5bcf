"""The firmware is attached as flash, which SEV-SNP and TDX guests cannot have.

Why    Flash needs read-only memory, which KVM does not give these guests: QEMU stops with `pflash with kvm requires KVM
       readonly memory support`.
Fix    Load the firmware as ROM: `<loader type='rom'>` with an image made for it, and no `<nvram>`.
Refs   qemu: hw/i386/pc_sysfw.c, target/i386/kvm/tdx.c; AMDESE/AMDSEV issue 223 (libvirt-qemu 2.4)

Manuals that describe OVMF_CODE and OVMF_VARS for every technology are right for SEV and SEV-ES only.
"""

from sevlint.api import PRIVATE_MEMORY, AmdRung, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain, escape


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=PRIVATE_MEMORY, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    remedy = edit("load the firmware as ROM and drop <nvram>", f"<loader type='rom'>{_image(firmware.loader)}</loader>")
    if firmware.loader_type == "pflash" and firmware.loader_place is not None:
        because = "its firmware is attached as flash, which QEMU refuses for this type"
        return Fail(because, (firmware.loader_place,), remedy=remedy, value=firmware.loader_type)
    if firmware.has_nvram and firmware.nvram_place is not None:
        because = "it has an <nvram>, which needs flash, and QEMU refuses flash for this type"
        return Fail(because, (firmware.nvram_place,), remedy=remedy, value="nvram")
    return Pass("its firmware is not attached as flash", (firmware.loader_place or firmware.place,))


def _image(path: str) -> str:
    """The image to name: half of a split one is no ROM, nor is a qcow2 file."""
    name = path.rsplit("/", 1)[-1].lower()
    is_rom = name and "code" not in name and not name.endswith(".qcow2")
    return escape(path) if is_rom else "/PATH/TO/OVMF.fd"

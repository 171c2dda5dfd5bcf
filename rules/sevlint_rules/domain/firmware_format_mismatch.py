"""The firmware's format and its file's name contradict each other, or libvirt does not know the format.

Why    QEMU reads the image in the format that it is told, raw without a word: a qcow2 file read as raw is no firmware,
       and the guest stops before anything is shown. Of other formats libvirt says `Unsupported loader format` or
       `Unsupported nvram format`.
Fix    Write the format that the file has: `<loader format='qcow2'>` for a `.qcow2` file. As ROM a firmware must be raw.
Refs   libvirt: docs/formatdomain.rst, src/qemu/qemu_firmware.c (libvirt-qemu 2.1 formats, 8 firmware-format-mismatch)
"""

from sevlint.api import X86, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, Firmware

_KNOWN = ("", "raw", "qcow2")


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    place = firmware.loader_place
    if place is None or not firmware.loader:
        return NotApplicable("it names no firmware image")
    name = firmware.loader.rsplit("/", 1)[-1].lower()
    known = _known(firmware)
    if known is not None:
        return known
    is_qcow2, is_said = name.endswith(".qcow2"), firmware.loader_format == "qcow2"
    if is_qcow2 and firmware.loader_type == "rom":
        remedy = edit("name a raw image")
        return Fail(f"its firmware {name} is a qcow2 file, and a ROM is raw", (place,), remedy, value=name)
    if is_qcow2 == is_said or not (is_qcow2 or name.endswith((".fd", ".bin", ".raw"))):
        return Pass("the format fits the file's name", (place,))
    right = "qcow2" if is_qcow2 else "raw"
    because = f"its firmware {name} would be read as {firmware.loader_format or 'raw'}"
    remedy = edit(
        "write the file's format", f"<loader format='{right}'>", change.put(place.at("format"), right), safe=True
    )
    return Fail(because, (place,), remedy, value=f"{name},{firmware.loader_format}")


def _known(firmware: Firmware) -> Fail | None:
    """Formats that libvirt has firmware in."""
    written = ((firmware.loader_format, firmware.loader_place), (firmware.nvram_format, firmware.nvram_place))
    for form, place in written:
        if place is not None and form not in _KNOWN:
            because = f"its firmware's format is {form[:40]}, and libvirt knows raw and qcow2 only"
            return Fail(because, (place.at("format"),), edit("write raw or qcow2"), value=form[:40])
    return None

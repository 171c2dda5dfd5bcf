"""Two halves of a firmware image that do not belong together: 2 MB and 4 MB, or raw and qcow2.

Why    The two halves of OVMF belong together: with the store of the other size the firmware stops early, before
       anything is shown. A raw template becomes a raw store, which is read in the format of the loader where
       `<nvram>` names none.
Fix    Take both from the same build: `OVMF_CODE_4M` with `OVMF_VARS_4M`, or neither with `_4M`.
Refs   edk2: OvmfPkg; libvirt: docs/formatdomain.rst (libvirt-qemu 2.4 2 MB, 2.4 2M and 4M, 2.4 raw and qcow2, 2.4 names
       SUSE, 2.4 names Arch, 8 firmware-2m-4m-mixed)

Manuals that ask for "2 MB flash for OVMF_VARS" name nothing that libvirt or QEMU checks; the mix is the fault.
"""

import re

from sevlint.api import X86, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, DomainXml, Firmware, escape

_FOUR = re.compile(r"[._-]4m(?=[._-]|$)", re.IGNORECASE)
_HALF = re.compile(r"[._-]?(?:code|vars)", re.IGNORECASE)


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    firmware = domain.firmware
    loader, template = _name(firmware.loader), _name(firmware.nvram_template)
    place = firmware.nvram_place
    if not _HALF.search(loader) or not _HALF.search(template) or place is None or firmware.loader_place is None:
        return NotApplicable("it does not name both halves of a firmware image")
    if bool(_FOUR.search(loader)) != bool(_FOUR.search(template)):
        because = f"{loader} and {template} are of two sizes: one is a 4 MB build"
    elif loader.endswith(".qcow2") != template.endswith(".qcow2") and not _names_formats(firmware, xml):
        because = f"{loader} and {template} are of two formats: one is qcow2"
    else:
        return Pass("both halves are of one size and format by their names", (place,))
    right = firmware.nvram_template.removesuffix(template) + _mended(template, loader)
    do = change.put(place.at("template"), right)
    remedy = edit("take both halves from one build", f"<nvram template='{escape(right)}'/>", do)
    return Fail(because, (place, firmware.loader_place), remedy=remedy, value=f"{loader},{template}")


def _names_formats(firmware: Firmware, xml: DomainXml) -> bool:
    """Whether `<nvram>` says itself what it is made of."""
    nvram = next((one for one in (xml.os.children if xml.os is not None else ()) if one.tag == "nvram"), None)
    return bool(firmware.nvram_format) or (nvram is not None and bool(nvram.get("templateFormat")))


def _mended(template: str, loader: str) -> str:
    """The template's own name with the size and the format of the loader's: `_VARS_4M`, `_VARS.4m`, `-4m-vars`."""
    four, half = _FOUR.search(loader), _HALF.search(loader)
    stem, dot, suffix = _FOUR.sub("", template).rpartition(".")
    stem, suffix = (stem, loader.rpartition(".")[2] if "." in loader else suffix) if dot else (suffix, "")
    spot = _HALF.search(stem)
    if four is not None and half is not None and spot is not None:
        at = spot.start() if four.start() < half.start() else spot.end()
        stem = stem[:at] + four.group() + stem[at:]
    return f"{stem}{dot}{suffix}"


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]

"""A 2 MB firmware image and a 4 MB variable store are mixed.

Why    The two halves of OVMF belong together: with the store of the other size the firmware stops early, before
       anything is shown.
Fix    Take both from the same build: `OVMF_CODE_4M` with `OVMF_VARS_4M`, or neither with `_4M`.
Refs   edk2: OvmfPkg; libvirt: docs/formatdomain.rst (libvirt-qemu 2.4, 8 firmware-2m-4m-mixed)

Manuals that ask for "2 MB flash for OVMF_VARS" name nothing that libvirt or QEMU checks; the mix is the fault.
"""

import re

from sevlint.api import X86, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, escape

_FOUR = re.compile(r"[._-]4m(?=[._-]|$)", re.IGNORECASE)
_HALF = re.compile(r"[._-]?(?:code|vars)", re.IGNORECASE)


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    loader, template = _name(firmware.loader), _name(firmware.nvram_template)
    place = firmware.nvram_place
    if not _HALF.search(loader) or not _HALF.search(template) or place is None or firmware.loader_place is None:
        return NotApplicable("it does not name both halves of a firmware image")
    if bool(_FOUR.search(loader)) == bool(_FOUR.search(template)):
        return Pass("both halves are of one size by their names", (place,))
    because = f"{loader} and {template} are of two sizes: one is a 4 MB build"
    right = firmware.nvram_template.removesuffix(template) + _mended(template, loader)
    do = change.put(place.at("template"), right)
    remedy = edit("take both halves from one build", f"<nvram template='{escape(right)}'/>", do)
    return Fail(because, (place, firmware.loader_place), remedy=remedy, value=f"{loader},{template}")


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

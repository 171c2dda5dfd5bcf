"""A 2 MB firmware image and a 4 MB variable store are mixed.

Why    The two halves of OVMF belong together: with the store of the other size the firmware stops early, before
       anything is shown.
Fix    Take both from the same build: `OVMF_CODE_4M` with `OVMF_VARS_4M`, or neither with `_4M`.
Refs   edk2: OvmfPkg; libvirt: docs/formatdomain.rst (libvirt-qemu 2.4)

Manuals that ask for "2 MB flash for OVMF_VARS" name nothing that libvirt or QEMU checks; the mix is the fault.
"""

import re

from sevlint.api import X86, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_FOUR = re.compile(r"[._-]4m\b", re.IGNORECASE)
_HALF = re.compile(r"code|vars", re.IGNORECASE)


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    firmware = domain.firmware
    loader, template = _name(firmware.loader), _name(firmware.nvram_template)
    place = firmware.nvram_place
    if not _HALF.search(loader) or not _HALF.search(template) or place is None or firmware.loader_place is None:
        return NotApplicable("it does not name both halves of a firmware image")
    if _is_four(loader) == _is_four(template):
        return Pass("both halves are of one size by their names", (place,))
    because = f"{loader} and {template} are of two sizes: one is a 4 MB build"
    right = re.sub("code", _vars, loader, flags=re.IGNORECASE)
    folder = firmware.nvram_template.rpartition("/")[0]
    remedy = edit("take both halves from one build", f"<nvram template='{folder}/{right}'/>")
    return Fail(because, (place, firmware.loader_place), remedy=remedy, value=f"{loader},{template}")


def _vars(found: re.Match[str]) -> str:
    return "VARS" if found.group().isupper() else "vars"


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _is_four(name: str) -> bool:
    return bool(_FOUR.search(re.sub(r"_4M", ".4m.", name, flags=re.IGNORECASE)))

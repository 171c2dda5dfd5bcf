"""The host's libvirt or QEMU does not know a setting that the domain has.

Why    libvirt refuses what it finds its QEMU lacking, and ignores elements and attributes that are newer than itself
       without a word: stateless firmware gets a variable store, firmware='efi' becomes SeaBIOS.
Fix    Upgrade the part that is named, or do without the setting.
Refs   libvirt: NEWS.rst; qemu: target/i386/cpu.c (libvirt-qemu 7 non-transitional, 7 firmware descriptors, 7 stateless
       loader, 7 EPYC models, 7 qcow2 firmware, 7 amd-iommu, 7 shim, 7 comparison)

Judged with the host around the domain, or the one that `--host` lends. That the whole technology needs newer parts
qemu-too-old and libvirt-too-old say. Distributions may backport: hence a medium confidence.
"""

from collections.abc import Iterator, Sequence

from sevlint.api import (
    X86,
    AmdRung,
    Confidence,
    Fail,
    Needs,
    NotApplicable,
    Pass,
    Place,
    Severity,
    Subject,
    Verdict,
    rule,
    upgrade,
)
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT, LIBVIRT_KNOWS, QEMU, QEMU_KNOWS, text


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict | Sequence[Fail]:
    settings = list(dict.fromkeys(_settings(domain)))
    if not settings or versions is None:
        return NotApplicable("it has no setting whose first version matters, or no host is known")
    fails, known = [], []
    for name, part, knows, first in (
        ("libvirt", versions.libvirt, LIBVIRT_KNOWS, LIBVIRT),
        ("QEMU", versions.qemu, QEMU_KNOWS, QEMU),
    ):
        goal = domain.goal
        if part is None or (goal is not None and part.version < first[goal]):
            continue
        known.append(part.place)
        for what, place in settings:
            needed = knows.get(what)
            if needed is not None and part.version < needed:
                because = f"{what} needs {name} {text(needed)}, and the host has {part.text}"
                fails.append(
                    Fail(because, (place, part.place), upgrade(name, text(needed), Needs.VM_RESTART), value=what)
                )
    if not known:
        return NotApplicable("the host has no libvirt or QEMU that could run it at all")
    return fails or Pass("the host knows its settings", (domain.place, *known))


def _settings(domain: Domain) -> Iterator[tuple[str, Place]]:
    """Each once, where it is written first."""
    firmware, cpu = domain.firmware, domain.cpu
    if firmware.autoselect == "efi":
        yield "firmware='efi'", firmware.place.at("firmware")
    if firmware.loader_place is not None and firmware.stateless:
        yield "stateless firmware", firmware.loader_place.at("stateless")
    if firmware.loader_place is not None and firmware.loader_format == "qcow2":
        yield "qcow2 firmware", firmware.loader_place.at("format")
    if domain.shim is not None:
        yield "shim", domain.shim.place
    found = next((one for one in domain.devices if one.model == "virtio-non-transitional"), None)
    if found is not None:
        yield "virtio-non-transitional", found.place
    found = next((one for one in domain.all("iommu") if one.model == "amd"), None)
    if found is not None:
        yield "an amd IOMMU", found.place
    model = next((name for name in QEMU_KNOWS if cpu is not None and cpu.model.startswith(name)), None)
    if model is not None and cpu is not None:
        yield model, cpu.model_place or cpu.place

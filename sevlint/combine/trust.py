"""SEV firmware, the PSP's fuses, and the dated data file of AMD's bulletins (amd-host 4.4, 5.2, 8)."""

from __future__ import annotations

import os

import msgspec

from sevlint.errors import RuleDefinitionError
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.trust import AmdBulletins, PspAttribute, PspSecurity, SevFirmware
from sevlint.model import Gap, GapReason
from sevlint.rule import combiner

_DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "amd.yaml")

_ONE_START = 10.0
"""Seconds."""


@combiner
def amd_bulletins() -> AmdBulletins:
    """The shipped file, read when a rule first asks for it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(_DATA, encoding="utf-8") as file:
            return msgspec.convert(yaml.load(file, Loader=loader), AmdBulletins)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise RuleDefinitionError(f"{_DATA}: {error}") from error


@combiner
def sev_firmware(log: KernelLog) -> SevFirmware | Gap:
    """The last line that names it: the firmware is one for all sockets, and may be updated at load (amd-host 5.2)."""
    line = log.last("ccp-sev-api", "ccp-sev-snp-api")
    if line is None:
        why = "names no SEV firmware" if log.whole else log.why_not_whole
        return Gap(("cmd/dmesg",), GapReason.UNDECIDED, why, log.place)
    snp = log.last("ccp-sev-snp-api")
    version = (line.number("major"), line.number("minor"), line.number("build"))
    return SevFirmware(version, line.place, has_snp=snp is not None and _are_of_one_start(snp, line))


def _are_of_one_start(snp: Line, last: Line) -> bool:
    """Newer kernels print `SEV-SNP API:` first and `SEV API:` right after; a later one is of another start.

    Without times only the order is known.
    """
    return snp is last or (snp.stamp is not None and last.stamp is not None and last.stamp - snp.stamp < _ONE_START)


@combiner
def psp_security(items: tuple[PspAttribute, ...]) -> PspSecurity | Gap:
    """Each attribute once, by whichever way its device was collected."""
    found = {(item.device, item.name): item for item in items}
    if not found:
        return Gap(("sys/bus/pci/devices/*/fused_part",), GapReason.ABSENT)
    return PspSecurity(tuple(found[key] for key in sorted(found)))

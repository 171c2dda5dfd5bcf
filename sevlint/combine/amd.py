"""What an AMD host decided, from every place that tells (amd-host 4, 5, 7)."""

from __future__ import annotations

from msgspec.structs import replace

from sevlint.combine.machine import nothing_at
from sevlint.facts.amd import (
    AsidPools,
    CBit,
    DevSev,
    DevSevUdev,
    Iommu,
    IommuGroup,
    IommuOptions,
    MiscCapacity,
    Pool,
    RmpTable,
    SevDomainCapabilities,
    UdevFile,
)
from sevlint.facts.boot import KernelConfig
from sevlint.facts.capacity import ToolAsids
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline, Options
from sevlint.facts.log import Absent, KernelLog, Line
from sevlint.facts.platform import FileListing, ListedDirectory, MiscDevices
from sevlint.model import Gap, GapReason, Place
from sevlint.rule import combiner

_AMD_VI = ("amd-vi-line", "amd-vi-snp-enabled", "amd-vi-snp-v2-tables", "amd-vi-snp-not-in-efr")


@combiner
def iommu(
    cmdline: KernelCmdline | None,
    log: KernelLog | None,
    groups: tuple[IommuGroup, ...],
    files: tuple[FileListing, ...],
    cpu: Cpuinfo | None,
    config: KernelConfig | None,
) -> Iommu | Gap:
    """Enabled, passthrough, tables, BIOS support: each from its own proof (amd-host 3, 4.5, 5.4)."""
    if cmdline is None and log is None and not groups:
        return Gap(("proc/cmdline", "cmd/dmesg", "sys/kernel/iommu_groups/*/type"), GapReason.ABSENT)
    if cpu is not None and not cpu.is_amd:
        return Gap(("proc/cpuinfo",), GapReason.UNDECIDED, "is of no AMD CPU", cpu.place)
    asked = IommuOptions.of(cmdline.options if cmdline is not None else Options(()))
    ivrs = next((file.place for file in files if file.path.endswith("IVRS")), None)
    enabled, enabled_place = _enabled(asked, log, groups)
    passthrough, by, place = _passthrough(asked, cmdline is not None, log, groups)
    if passthrough is None and (built := _built_default(config, cmdline, cpu)) is not None:
        passthrough, by, place = True, "kernel default", built
    v2_line = _place_of(log, "amd-vi-snp-v2-tables")
    return Iommu(
        enabled=enabled,
        enabled_place=enabled_place or ivrs,
        passthrough=passthrough,
        passthrough_by=by,
        passthrough_place=place,
        asked=asked,
        v2_place=asked.v2[-1].place if asked.v2 else v2_line,
        refused_place=_place_of(log, "amd-vi-snp-passthrough"),
        efr_place=_place_of(log, "amd-vi-snp-not-in-efr"),
        supported_place=_place_of(log, "amd-vi-snp-enabled"),
    )


def _place_of(log: KernelLog | None, card: str) -> Place | None:
    line = log.last(card) if log is not None else None
    return line.place if line is not None else None


def _enabled(
    asked: IommuOptions, log: KernelLog | None, groups: tuple[IommuGroup, ...]
) -> tuple[bool | None, Place | None]:
    line = log.last(*_AMD_VI) if log is not None else None
    running = line.place if line is not None else groups[0].place if groups else None
    if asked.off:
        return (None, running) if running is not None else (False, asked.off[0].place)
    if running is not None:
        return True, running
    if log is not None:
        silent = log.seen("amd-vi-line")
        added = log.seen("iommu-group-added")
        if isinstance(silent, Absent) and isinstance(added, Absent):
            return False, silent.place
        if isinstance(added, Line):
            return True, added.place
    return None, None


def _passthrough(
    asked: IommuOptions, has_options: bool, log: KernelLog | None, groups: tuple[IommuGroup, ...]
) -> tuple[bool | None, str, Place | None]:
    """(is it, because of what, where)."""
    if asked.passthrough:
        return True, "option", asked.passthrough[-1].place
    if asked.translated is not None:
        return False, "", asked.translated.place
    line = log.last("iommu-default-domain") if log is not None else None
    if line is not None:
        is_passthrough = line.get("type") == "Passthrough"
        by = "" if not is_passthrough else "option" if line.get("by") else "kernel default"
        return is_passthrough, by, line.place
    if groups:
        # a device may have an identity domain of its own: only all of them say what the default is
        identity = all(group.type == "identity" for group in groups)
        return identity, "kernel default" if identity and has_options else "", groups[0].place
    return None, "", None


def _built_default(config: KernelConfig | None, cmdline: KernelCmdline | None, cpu: Cpuinfo | None) -> Place | None:
    """The line of the kernel's configuration that makes passthrough the default (amd-host 3 iommu=nopt).

    With the host's own memory encrypted the kernel does not pass through, whatever the configuration says.
    """
    if config is None or config.get("IOMMU_DEFAULT_PASSTHROUGH") != "y" or cmdline is None or cpu is None:
        return None
    mem_encrypt = cmdline.last("mem_encrypt")
    is_encrypted = "sme" in cpu.flags or (mem_encrypt is not None and mem_encrypt.value == "on")
    return None if is_encrypted else config.place_of("IOMMU_DEFAULT_PASSTHROUGH")


_RMP_ENTRY = 16
_RMP_BOOKKEEPING = 16384


@combiner
def rmp_table(log: KernelLog) -> RmpTable | Gap:
    """What the kernel printed of the RMP in this boot (amd-host 5.3): covered bytes = (size - 16 KiB) / 16 * 4096."""
    ends = [line.number("end") + 1 for line in log.all("e820-range") if line.get("type") == "usable"]
    ram_end = max(ends) if ends and log.whole else None
    missing = log.last("rmp-not-reserved-by-bios")
    small = log.last("rmp-too-small", "rmp-segmented-too-small")
    invalid = log.last("rmp-config-invalid")
    segmented = log.last("rmp-segmented", "rmp-segment")
    table = log.last("rmp-range")
    too_small = True if small is not None else False if log.whole else None
    made = RmpTable(True, False, None, ram_end, too_small, log.place)
    if missing is not None:
        return replace(made, reserved=False, place=missing.place)
    if invalid is not None:
        return replace(made, reserved=False, invalid=True, place=invalid.place)
    if segmented is not None:
        ends = [line.number("cover_end") + 1 for line in log.all("rmp-segment")]
        covers = max(ends) if ends and log.whole else None
        return replace(made, covers=covers, place=(small or segmented).place)
    if table is not None:
        start, end = table.number("start"), table.number("end")
        covers = max(0, (end + 1 - start - _RMP_BOOKKEEPING) // _RMP_ENTRY * 4096)
        return replace(made, covers=covers, place=(small or table).place)
    if small is not None:
        return replace(made, place=small.place)
    why = "says nothing of the RMP" if log.whole else log.why_not_whole
    return Gap(("cmd/dmesg",), GapReason.UNDECIDED, why, log.place)


_MAX_ASID = {"rome": 509, "milan": 509, "genoa": 1006, "bergamo": 1006}
"""amd-host 1.3; Naples' and Turin's are not sourced."""


_C_BIT = {"naples": 47, "rome": 47, "milan": 51, "genoa": 51, "bergamo": 51}
"""amd-host 1.3; Turin's is not sourced."""


@combiner
def c_bit(capabilities: SevDomainCapabilities | None, cpu: Cpuinfo | None) -> CBit | Gap:
    """What libvirt says of this host, else what its CPU is known to have."""
    if capabilities is not None and capabilities.cbitpos is not None and capabilities.cbitpos_place is not None:
        return CBit(capabilities.cbitpos, capabilities.cbitpos_place)
    if cpu is not None and not cpu.in_vm and cpu.generation in _C_BIT:
        return CBit(_C_BIT[cpu.generation], cpu.model_place)
    return Gap(("cmd/virsh-domcapabilities", "proc/cpuinfo"), GapReason.ABSENT)


@combiner
def asid_pools(
    log: KernelLog | None,
    capacity: MiscCapacity | None,
    capabilities: SevDomainCapabilities | None,
    cpu: Cpuinfo | None,
    tools: tuple[ToolAsids, ...],
) -> AsidPools | Gap:
    """The log's ranges first, then misc.capacity, then CPUID as tools print it, then domcapabilities (amd-host 4.1).

    Where a source names only the pool of plain SEV, the other is empty if that one holds every ASID of the CPU; else
    KVM may have stopped before it counted the others (`sev_es=0`, MMIO caching or LBRV off).
    """
    sev: list[Pool] = []
    es: list[Pool] = []
    snp: Pool | None = None
    most = _MAX_ASID.get(cpu.generation) if cpu is not None else None
    if log is not None:
        snp = _add_lines(log, most, sev, es)
    if capacity is not None and (capacity.get("sev") or capacity.get("sev_es")):
        found, found_es = capacity.get("sev"), capacity.get("sev_es")
        # a key with capacity 0 is not printed; both missing may be an unloaded kvm_amd (amd-host 4.2)
        sev.append(Pool(found[0], found[1]) if found else Pool(0, capacity.place))
        if found_es:
            es.append(Pool(found_es[0], found_es[1]))
        elif found and found[0] == most:
            es.append(Pool(0, found[1]))
    for tool in tools if cpu is None or not cpu.in_vm else ():
        if tool.highest and tool.first_of_sev:
            sev.append(Pool(max(0, tool.highest - tool.first_of_sev + 1), tool.place))
            es.append(Pool(tool.first_of_sev - 1, tool.place))
    if capabilities is not None and capabilities.supported:
        if capabilities.max_guests is not None and capabilities.max_guests_place is not None:
            sev.append(Pool(capabilities.max_guests, capabilities.max_guests_place))
        if capabilities.max_es_guests is not None and capabilities.max_es_guests_place is not None:
            es.append(Pool(capabilities.max_es_guests, capabilities.max_es_guests_place))
    if not sev and not es:
        return Gap(("cmd/dmesg", "sys/fs/cgroup/misc.capacity", "cmd/virsh-domcapabilities"), GapReason.ABSENT)
    joint = es if snp is None else []  # misc.capacity and domcapabilities know no split
    disagree = tuple(pool.place for pools in (sev, joint) if len({pool.size for pool in pools}) > 1 for pool in pools)
    return AsidPools(sev[0] if sev else None, es[0] if es else None, snp, disagree)


def _add_lines(log: KernelLog, most: int | None, sev: list[Pool], es: list[Pool]) -> Pool | None:
    """`SEV enabled (ASIDs a - b)` and its likes (amd-host 5.1); SEV-SNP's pool where it is one of its own."""
    line = log.last("kvm-sev-enabled", "kvm-sev-disabled", "kvm-sev-unusable", "kvm-sev-supported")
    if line is not None and line.card == "kvm-sev-supported":
        if line.get("asids"):
            sev.append(Pool(line.number("asids"), line.place))
    elif line is not None and _range(line) is not None:
        sev.append(Pool(_range(line) or 0, line.place))
    line_es = log.last("kvm-sev-es-enabled", "kvm-sev-es-disabled", "kvm-sev-es-supported")
    if line_es is not None and line_es.card == "kvm-sev-es-supported":
        es.append(Pool(line_es.number("asids"), line_es.place))
    elif line_es is not None and _range(line_es) is not None:
        stopped_early = line is not None and line.card == "kvm-sev-disabled" and _range(line) is None
        if not stopped_early:
            es.append(Pool(_range(line_es) or 0, line_es.place))
    elif line_es is None and line is not None and log.whole and line.get("asids") and line.number("asids") == most:
        es.append(Pool(0, line.place))
    line_snp = log.last("kvm-sev-snp-enabled", "kvm-sev-snp-disabled")
    if line_snp is None and line_es is not None and line_es.number("min") > 1:
        return Pool(line_es.number("min") - 1, line_es.place)  # SEV-SNP has what is below (amd-host 7.4)
    if line_snp is None or line_es is None or not line_es.get("max"):
        return None
    is_split = (line_snp.get("min"), line_snp.get("max")) != (line_es.get("min"), line_es.get("max"))
    size = _range(line_snp)
    return Pool(size, line_snp.place) if is_split and size else None


def _range(line: Line) -> int | None:
    """ASIDs from `min` to `max`. None where KVM stopped before it read them: `(ASIDs 0 - 0)` of SEV and `(ASIDs 0 -
    4294967295)` of SEV-ES; `SEV-ES disabled (ASIDs 0 - 0)` says that there are none (amd-host 5.1 #6, #9).
    """
    low, high = line.number("min"), line.number("max")
    if high >= 1 << 31 or (line.card == "kvm-sev-disabled" and high == 0):
        return None
    return max(0, high - low + 1) if low else high


@combiner
def dev_sev(
    files: tuple[FileListing, ...], listings: tuple[ListedDirectory, ...], misc: MiscDevices | None
) -> DevSev | Gap:
    """The node itself, a listing of /dev, or /proc/misc, which names every registered device (amd-host 4.3)."""
    for file in files:
        if file.path == "dev/sev" and file.kind == "device":
            return DevSev(True, file.mode, file.owner, file.group, file.place)
    for listing in listings:
        if listing.root != "dev":
            continue
        entry = listing.find("dev/sev")
        if entry is not None:
            return DevSev(True, entry.mode, entry.owner, entry.group, entry.place, entry.acl)
    if misc is not None:
        place = misc.get("sev")
        return DevSev(place is not None, None, "", "", place or nothing_at(misc.place, "sev"))
    for listing in listings:
        if listing.root == "dev" and listing.find("dev/null") is not None:
            return DevSev(False, None, "", "", nothing_at(listing.place, "sev"))
    return Gap(("cmd/ls-dev", "proc/misc"), GapReason.ABSENT)


_UDEV_RANK = ("etc/", "run/", "usr/lib/", "lib/")


@combiner
def dev_sev_udev(files: tuple[UdevFile, ...]) -> DevSevUdev | Gap:
    """udev reads all folders' files sorted by name; of two with one name the first folder's counts."""
    if not files:
        return Gap(("etc/udev/rules.d/*.rules",), GapReason.ABSENT)
    best: dict[str, tuple[int, UdevFile]] = {}
    for file in files:
        name = file.path.rsplit("/", 1)[-1]
        rank = next((rank for rank, folder in enumerate(_UDEV_RANK) if file.path.startswith(folder)), 9)
        if name not in best or rank < best[name][0]:
            best[name] = (rank, file)
    rules = tuple(rule for name in sorted(best) for rule in best[name][1].rules)
    place = rules[-1].place if rules else files[0].place
    return DevSevUdev(rules, place, any(file.path.startswith(("usr/lib/", "lib/")) for file in files))

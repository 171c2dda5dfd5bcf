"""What an AMD host decided, from every place that tells (amd-host 4, 5, 7)."""

from __future__ import annotations

from sevlint.combine.machine import nothing_at
from sevlint.facts.amd import (
    AsidPools,
    DevSev,
    DevSevUdev,
    Iommu,
    IommuGroup,
    MiscCapacity,
    Pool,
    RmpTable,
    SevDomainCapabilities,
    UdevFile,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline, Option
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
) -> Iommu | Gap:
    """Enabled, passthrough, tables, BIOS support: each from its own proof (amd-host 3, 4.5, 5.4)."""
    if cmdline is None and log is None and not groups:
        return Gap(("proc/cmdline", "cmd/dmesg", "sys/kernel/iommu_groups/*/type"), GapReason.ABSENT)
    if cpu is not None and not cpu.is_amd:
        return Gap(("proc/cpuinfo",), GapReason.UNDECIDED, "is of no AMD CPU", cpu.place)
    off = _off_option(cmdline)
    ivrs = next((file.place for file in files if file.path.endswith("IVRS")), None)
    enabled, enabled_place = _enabled(off, log, groups)
    passthrough, by, place, option = _passthrough(cmdline, log, groups)
    v2 = cmdline.options.token("amd_iommu", "pgtbl_v2") if cmdline is not None else None
    v2_line = log.last("amd-vi-snp-v2-tables") if log is not None else None
    return Iommu(
        enabled=enabled,
        enabled_place=enabled_place or ivrs,
        passthrough=passthrough,
        passthrough_by=by,
        passthrough_place=place,
        option=off.text if off is not None else option,
        v2_place=v2.place if v2 is not None else v2_line.place if v2_line is not None else None,
        refused_place=_place_of(log, "amd-vi-snp-passthrough"),
        efr_place=_place_of(log, "amd-vi-snp-not-in-efr"),
        supported_place=_place_of(log, "amd-vi-snp-enabled"),
    )


def _place_of(log: KernelLog | None, card: str) -> Place | None:
    line = log.last(card) if log is not None else None
    return line.place if line is not None else None


def _off_option(cmdline: KernelCmdline | None) -> Option | None:
    if cmdline is None:
        return None
    return cmdline.options.token("iommu", "off") or cmdline.options.token("amd_iommu", "off")


def _enabled(
    off: Option | None, log: KernelLog | None, groups: tuple[IommuGroup, ...]
) -> tuple[bool | None, Place | None]:
    if off is not None:
        return False, off.place
    line = log.last(*_AMD_VI) if log is not None else None
    if line is not None:
        return True, line.place
    if groups:
        return True, groups[0].place
    if log is not None:
        silent = log.seen("amd-vi-line")
        added = log.seen("iommu-group-added")
        if isinstance(silent, Absent) and isinstance(added, Absent):
            return False, silent.place
        if isinstance(added, Line):
            return True, added.place
    return None, None


def _passthrough(
    cmdline: KernelCmdline | None, log: KernelLog | None, groups: tuple[IommuGroup, ...]
) -> tuple[bool | None, str, Place | None, str]:
    """(is it, because of what, where, the option). The option that counts last decides, as in the kernel."""
    option, wants = None, False
    if cmdline is not None:
        for one in cmdline.options.items:
            tokens = (one.value or "").split(",")
            if one.name == "iommu" and ("pt" in tokens or "nopt" in tokens):
                option, wants = one, "pt" in tokens
            elif one.name == "iommu.passthrough":
                option, wants = one, one.is_true
    if option is not None:
        return wants, "option" if wants else "", option.place, option.text if wants else ""
    line = log.last("iommu-default-domain") if log is not None else None
    if line is not None:
        is_passthrough = line.get("type") == "Passthrough"
        by = "" if not is_passthrough else "option" if line.get("by") else "kernel default"
        return is_passthrough, by, line.place, ""
    if groups:
        # a device may have an identity domain of its own: only all of them say what the default is
        identity = all(group.type == "identity" for group in groups)
        return identity, "kernel default" if identity and cmdline is not None else "", groups[0].place, ""
    return None, "", None, ""


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
    if missing is not None:
        return RmpTable(False, False, None, ram_end, False, missing.place)
    if invalid is not None:
        return RmpTable(False, False, None, ram_end, False, invalid.place)
    if segmented is not None:
        return RmpTable(True, True, None, ram_end, small is not None, (small or segmented).place)
    if table is not None:
        start, end = table.number("start"), table.number("end")
        covers = max(0, (end + 1 - start - _RMP_BOOKKEEPING) // _RMP_ENTRY * 4096)
        return RmpTable(True, False, covers, ram_end, small is not None, (small or table).place)
    if small is not None:
        return RmpTable(True, False, None, ram_end, True, small.place)
    why = "says nothing of the RMP" if log.whole else log.why_not_whole
    return Gap(("cmd/dmesg",), GapReason.UNDECIDED, why, log.place)


@combiner
def asid_pools(
    log: KernelLog | None, capacity: MiscCapacity | None, capabilities: SevDomainCapabilities | None
) -> AsidPools | Gap:
    """The log's ranges first, then misc.capacity, then domcapabilities (amd-host 4.1)."""
    sev: list[Pool] = []
    es: list[Pool] = []
    if log is not None:
        _add_lines(log, sev, es)
    if capacity is not None and capacity.entries:
        for key, pools in (("sev", sev), ("sev_es", es)):
            found = capacity.get(key)
            # a key with capacity 0 is not printed; both missing may be an unloaded kvm_amd (amd-host 4.2)
            pools.append(Pool(found[0], found[1]) if found else Pool(0, capacity.place))
    if capabilities is not None and capabilities.supported:
        if capabilities.max_guests is not None and capabilities.max_guests_place is not None:
            sev.append(Pool(capabilities.max_guests, capabilities.max_guests_place))
        if capabilities.max_es_guests is not None and capabilities.max_es_guests_place is not None:
            es.append(Pool(capabilities.max_es_guests, capabilities.max_es_guests_place))
    if not sev and not es:
        return Gap(("cmd/dmesg", "sys/fs/cgroup/misc.capacity", "cmd/virsh-domcapabilities"), GapReason.ABSENT)
    disagree = tuple(pool.place for pools in (sev, es) if len({pool.size for pool in pools}) > 1 for pool in pools)
    return AsidPools(sev[0] if sev else None, es[0] if es else None, disagree)


def _add_lines(log: KernelLog, sev: list[Pool], es: list[Pool]) -> None:
    """`SEV enabled (ASIDs a - b)`; `(ASIDs 0 - 0)` of a `disabled` line says nothing of plain SEV's pool (5.1 #6)."""
    line = log.last("kvm-sev-enabled", "kvm-sev-disabled", "kvm-sev-unusable", "kvm-sev-supported")
    stopped_early = False
    if line is not None and line.card == "kvm-sev-supported":
        if line.get("asids"):
            sev.append(Pool(line.number("asids"), line.place))
    elif line is not None and line.card == "kvm-sev-unusable":
        sev.append(Pool(0, line.place))
    elif line is not None:
        low, high = line.number("min"), line.number("max")
        stopped_early = (low, high) == (0, 0)
        if not stopped_early:
            sev.append(Pool(max(0, high - low + 1), line.place))
    line_es = log.last("kvm-sev-es-enabled", "kvm-sev-es-disabled", "kvm-sev-es-supported")
    if line_es is not None and line_es.card == "kvm-sev-es-supported":
        es.append(Pool(line_es.number("asids"), line_es.place))
    elif line_es is not None and not stopped_early:
        low, high = line_es.number("min"), line_es.number("max")
        es.append(Pool(high if low <= 1 and high < 1 << 31 else max(0, high - low + 1), line_es.place))


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
            return DevSev(True, entry.mode, entry.owner, entry.group, entry.place)
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
    return DevSevUdev(rules, place)

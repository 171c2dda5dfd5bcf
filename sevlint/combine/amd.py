"""What an AMD host decided, from every place that tells (amd-host 4, 5, 7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from sevlint.combine.machine import nothing_at
from sevlint.facts.amd import (
    AsidPools,
    BootMode,
    CBit,
    CiphertextHiding,
    DevSev,
    DevSevAtBoot,
    Iommu,
    IommuGroup,
    IommuOptions,
    MiscCapacity,
    Pool,
    RmpSearch,
    RmpTable,
    SevDomainCapabilities,
    StartScript,
    TmpfilesFile,
    TmpfilesLine,
    UdevFile,
)
from sevlint.facts.boot import KernelConfig
from sevlint.facts.capacity import ToolAsids, hidden_asids
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline, KernelVersion, ModprobeConfig, ModuleParameters, Options
from sevlint.facts.log import Absent, KernelLog, Line
from sevlint.facts.platform import FileListing, ListedDirectory, MiscDevices
from sevlint.model import Gap, GapReason, Place
from sevlint.rule import combiner

if TYPE_CHECKING:
    from collections.abc import Iterable

_AMD_VI = ("amd-vi-line", "amd-vi-snp-enabled", "amd-vi-snp-v2-tables", "amd-vi-snp-not-in-efr")


@combiner
def iommu(
    cmdline: KernelCmdline | None,
    log: KernelLog | None,
    groups: tuple[IommuGroup, ...],
    files: tuple[FileListing, ...],
    listings: tuple[ListedDirectory, ...],
    cpu: Cpuinfo | None,
    config: KernelConfig | None,
) -> Iommu | Gap:
    """Enabled, passthrough, tables, BIOS support: each from its own proof (amd-host 3, 4.5, 5.4)."""
    empty = _empty_groups(files) if not groups else None
    if cmdline is None and log is None and not groups and empty is None:
        return Gap(("proc/cmdline", "cmd/dmesg", "sys/kernel/iommu_groups/*/type"), GapReason.ABSENT)
    if cpu is not None and not cpu.is_amd:
        return Gap(("proc/cpuinfo",), GapReason.UNDECIDED, "is of no AMD CPU", cpu.place)
    asked = IommuOptions.of(cmdline.options if cmdline is not None else Options(()))
    ivrs, ivrs_place = _ivrs(files, listings)
    # an excerpt of a configuration may lack the line: only one that says so counts
    is_left_out = cpu is not None and config is not None and config.left_out(("AMD_IOMMU",)) is not None
    unbuilt = config.place_of("AMD_IOMMU") if is_left_out and config is not None else None
    enabled, enabled_place = _enabled(asked, log, groups)
    if enabled is None and enabled_place is None and (unbuilt or (empty and ivrs is False)):
        enabled, enabled_place = False, unbuilt or empty
    passthrough, by, place = _passthrough(asked, cmdline is not None, log, groups)
    if passthrough is None and (built := _built_default(config, cmdline, cpu)) is not None:
        passthrough, by, place = True, "kernel default", built
    v2_line = _place_of(log, "amd-vi-snp-v2-tables")
    return Iommu(
        enabled=enabled,
        enabled_place=enabled_place or (ivrs_place if ivrs else None),
        passthrough=passthrough,
        passthrough_by=by,
        passthrough_place=place,
        asked=asked,
        v2_place=asked.v2[-1].place if asked.v2 else v2_line,
        refused_place=_place_of(log, "amd-vi-snp-passthrough"),
        efr_place=_place_of(log, "amd-vi-snp-not-in-efr"),
        supported_place=_place_of(log, "amd-vi-snp-enabled"),
        ivrs=ivrs,
        ivrs_place=ivrs_place,
        unbuilt_place=unbuilt,
    )


_GROUPS = "sys/kernel/iommu_groups"
_TABLES = "sys/firmware/acpi/tables/"


def _empty_groups(files: tuple[FileListing, ...]) -> Place | None:
    """The directory of the groups, if it was collected and holds none (amd-host 4.5)."""
    folder = next((file for file in files if file.path == _GROUPS and file.kind == "directory"), None)
    if folder is None or any(file.path.startswith(f"{_GROUPS}/") for file in files):
        return None
    return Place(folder.place.path, note="holds no group", source=folder.place.source)


def _ivrs(files: tuple[FileListing, ...], listings: tuple[ListedDirectory, ...]) -> tuple[bool | None, Place | None]:
    """Whether the BIOS announces an IOMMU. That it does not needs the table FACP, which every BIOS has, beside it; in a
    listing a later table too, as that may have been cut (amd-host 4.5).
    """
    entries = [*files, *(entry for listing in listings for entry in listing.entries)]
    found = {entry.path.removeprefix(_TABLES): entry for entry in entries if entry.path.startswith(_TABLES)}
    if "IVRS" in found:
        return True, found["IVRS"].place
    if "FACP" not in found:
        return None, None
    place = found["FACP"].place
    is_listed = place.line is not None
    if is_listed and not any(name.isupper() and name > "IVRS" for name in found):
        return None, None
    return False, nothing_at(place, "IVRS") if is_listed else Place(place.path, note="no IVRS", source=place.source)


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


@combiner
def rmp_search(log: KernelLog) -> RmpSearch | Gap:
    """Any line of an RMP, good or bad; none in a log that reaches back to boot is the proof that it did not look."""
    found = next((line for line in log.hits if line.card.startswith("rmp-")), None)
    if found is None and not log.whole:
        return Gap(("cmd/dmesg",), GapReason.UNDECIDED, log.why_not_whole, log.place)
    return RmpSearch(found is not None, found.place if found is not None else log.place)


_MAX_ASID = {"rome": 509, "milan": 509, "genoa": 1006, "bergamo": 1006}
"""amd-host 1.3; Naples' and Turin's are not sourced."""


_HIDES = "ciphertext_hiding_asids"
_HAS_NO_HIDING = (6, 16)
"""No upstream kernel before has the parameter: it came with about v6.18 (amd-host 7.4)."""


@combiner
def ciphertext_hiding(
    parameters: ModuleParameters | None,
    kernel: KernelVersion | None,
    cpu: Cpuinfo | None,
    cmdline: KernelCmdline | None,
    modprobe: ModprobeConfig | None,
) -> CiphertextHiding | Gap:
    """What KVM granted; none where kernel, CPU or KVM cannot split the pool, or nobody asked it to (amd-host 7.4)."""
    granted = hidden_asids(parameters)
    if granted is not None:
        return CiphertextHiding(*granted)
    if parameters is not None:
        snp = parameters.get("kvm_amd", "sev_snp")
        has_none = parameters.lists("kvm_amd") and parameters.get("kvm_amd", _HIDES) is None
        if has_none or (snp is not None and snp.is_false):
            return CiphertextHiding(0, parameters.items[0].place)
    if cpu is not None and cpu.generation in ("naples", "rome"):
        return CiphertextHiding(0, cpu.model_place)
    if kernel is not None and not kernel.vendor and kernel.version < _HAS_NO_HIDING:
        return CiphertextHiding(0, kernel.place)
    if cmdline is not None and modprobe is not None:
        asked = (cmdline.last(f"kvm_amd.{_HIDES}"), modprobe.last("kvm_amd", _HIDES))
        if asked == (None, None):
            return CiphertextHiding(0, cmdline.place)
    return Gap((f"sys/module/kvm_amd/parameters/{_HIDES}",), GapReason.ABSENT)


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
    hiding: CiphertextHiding | None,
) -> AsidPools | Gap:
    """The log's ranges first, then misc.capacity, then CPUID as tools print it, then domcapabilities (amd-host 4.1).

    Only the log's ranges tell of a split of the joint pool; of what the others say ciphertext hiding may take a part.

    Where a source names only the pool of plain SEV, the other is empty if that one holds every ASID of the CPU; else
    KVM may have stopped before it counted the others (`sev_es=0`, MMIO caching or LBRV off).
    """
    sev: list[Pool] = []
    es: list[Pool] = []
    snp: Pool | None = None
    is_told_by_log = False
    most = _MAX_ASID.get(cpu.generation) if cpu is not None else None
    if log is not None:
        snp = _add_lines(log, most, sev, es)
    is_told_by_log = bool(es)
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
    joint_pool = es[0] if es else None
    if joint_pool is not None and hiding is not None and hiding.granted:
        # the parameter is what KVM granted at its last load, whatever an earlier line says (amd-host 7.4 parameter)
        both = joint_pool.size + (snp.size if snp is not None else 0)
        granted = min(hiding.granted, both)
        if snp is None or snp.size != granted:
            rest = Pool(both - granted, joint_pool.place)
            return AsidPools(sev[0] if sev else None, rest, Pool(granted, hiding.place), disagree)
    if joint_pool is None or is_told_by_log or not joint_pool.size:
        return AsidPools(sev[0] if sev else None, joint_pool, snp, disagree)
    kept = _kept_for_snp(log, joint_pool.size, hiding)
    if kept is None or not kept.size:
        return AsidPools(sev[0] if sev else None, joint_pool, None, disagree, may_split=kept is None)
    rest = Pool(joint_pool.size - kept.size, joint_pool.place)
    return AsidPools(sev[0] if sev else None, rest, kept, disagree)


def _kept_for_snp(log: KernelLog | None, joint: int, hiding: CiphertextHiding | None) -> Pool | None:
    """What SEV-SNP has for itself of a joint pool, 0 for nothing; None where nothing tells."""
    line = log.last("kvm-sev-snp-enabled") if log is not None else None
    size = _range(line) if line is not None else None
    if line is not None and size and size < joint:
        return Pool(size, line.place)
    return Pool(min(hiding.granted, joint), hiding.place) if hiding is not None else None


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
    listed = (entry for one in listings if one.root == "dev" and (entry := one.find("dev/sev")) is not None)
    entry = next(listed, None)
    for file in files:
        if file.path == "dev/sev" and file.kind == "device":
            label = entry.label if entry is not None else ""
            return DevSev(True, file.mode, file.owner, file.group, file.place, label=label)
    if entry is not None:
        return DevSev(True, entry.mode, entry.owner, entry.group, entry.place, entry.acl, entry.label)
    if misc is not None:
        place = misc.get("sev")
        return DevSev(place is not None, None, "", "", place or nothing_at(misc.place, "sev"))
    for listing in listings:
        if listing.root == "dev" and listing.find("dev/null") is not None:
            return DevSev(False, None, "", "", nothing_at(listing.place, "sev"))
    return Gap(("cmd/ls-dev", "proc/misc"), GapReason.ABSENT)


_RANK = ("etc/", "run/", "usr/local/lib/", "usr/lib/", "lib/")
_DRIVER_MODE = 0o600

_Named = TypeVar("_Named", UdevFile, TmpfilesFile)


@combiner
def dev_sev_at_boot(
    rules: tuple[UdevFile, ...], tmpfiles: tuple[TmpfilesFile, ...], scripts: tuple[StartScript, ...]
) -> DevSevAtBoot | Gap:
    """udev's and tmpfiles.d's files, each sorted by name as its program reads them (amd-host 4.3)."""
    places = [*(one.place for one in rules), *(one.place for one in tmpfiles), *(one.place for one in scripts)]
    if not places:
        return Gap(("etc/udev/rules.d/*.rules", "etc/tmpfiles.d/*.conf"), GapReason.ABSENT)
    udev = [rule for file in _that_count(rules) for rule in file.rules]
    lines = _that_apply(line for file in _that_count(tmpfiles) for line in file.lines)
    commands = [(text, place, script.path) for script in scripts for text, place in script.commands]
    modes = [BootMode(mode, one.mode, one.place, one.file) for one in lines if (mode := _octal(one.mode)) is not None]
    keys = [one for one in udev if _octal(one.mode) is not None]
    key = next((one for one in keys if one.final), keys[-1] if keys else None)
    if key is not None:
        place = key.mode_place or key.place
        made = BootMode(_octal(key.mode) or 0, key.mode, place, key.file, is_key=True, is_shared=key.is_shared)
        modes.append(made)
    for text, place, file in (*((one.chmod, one.place, one.file) for one in udev), *commands):
        mode = changed_mode(text, modes[-1].mode if modes else _DRIVER_MODE) if text else None
        modes += [BootMode(mode, text, place, file)] if mode is not None else []
    givers = [one.place for one in lines]
    givers += [one.place for one in udev if one.gives_access]
    givers += [place for _, place, _ in commands]
    return DevSevAtBoot(
        mode=modes[-1] if modes else None,
        gives_access=givers[-1] if givers else None,
        may_run=next((one.place for one in udev if one.may_run), None),
        place=places[0],
        whole=any(file.path.startswith(("usr/lib/", "lib/")) for file in rules),
        has_tmpfiles=bool(tmpfiles),
        uaccess=next((one.place for one in udev if one.uaccess), None),
    )


def _that_count(files: tuple[_Named, ...]) -> list[_Named]:
    """By name; of two with one name the first folder's hides the other, also if it is empty."""
    best: dict[str, tuple[int, _Named]] = {}
    for file in files:
        name = file.path.rsplit("/", 1)[-1]
        rank = next((rank for rank, folder in enumerate(_RANK) if file.path.startswith(folder)), len(_RANK))
        if name not in best or rank < best[name][0]:
            best[name] = (rank, file)
    return [best[name][1] for name in sorted(best)]


def _that_apply(lines: Iterable[TmpfilesLine]) -> list[TmpfilesLine]:
    """Of two lines for one path the first counts; those that make the device come before those that change it."""
    first: dict[tuple[bool, str, str], TmpfilesLine] = {}
    for line in lines:
        first.setdefault((line.kind != "c", line.path, "a" if line.kind in "aA" else ""), line)
    return [first[key] for key in sorted(first, key=lambda key: key[0])]


def _octal(text: str) -> int | None:
    return int(text, 8) if text and set(text) <= set("01234567") else None


_CLAUSE = re.compile(r"([ugoa]{0,4})([-+=])([rwxXst]{0,6})")
_WHO = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111}
_UMASK = 0o022
"""udev's own: a clause that names nobody, as in `+rw`, gives others no right to write."""


def changed_mode(text: str, before: int) -> int | None:
    """What `chmod` makes of a mode, from octal digits or letters (`o+rw,g=rw`); None if it is neither."""
    if (mode := _octal(text)) is not None:
        return mode
    clauses = [_CLAUSE.fullmatch(clause) for clause in text.split(",")]
    mode = before
    for clause in clauses:
        if clause is None:
            return None
        who, operator, what = clause.groups()
        whom = sum(_WHO[one] for one in set(who)) if "a" not in who and who else 0o777 & ~(0 if who else _UMASK)
        bits = sum(_WHAT.get(one, 0) for one in set(what)) & whom
        mode = mode | bits if operator == "+" else mode & ~bits if operator == "-" else (mode & ~whom) | bits
    return mode

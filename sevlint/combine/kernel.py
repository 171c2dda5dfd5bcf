"""Command line, versions, module parameters, modprobe.d and the next boot's configuration."""

from __future__ import annotations

import re

from sevlint.facts.domain import RunningGoal
from sevlint.facts.kernel import (
    BlsEntry,
    BootConfig,
    BootEntry,
    BootFile,
    BootSource,
    CmdlineFile,
    GrubConfig,
    GrubDefault,
    GrubEntry,
    KernelCmdline,
    KernelVersion,
    KvmDecision,
    ModprobeConfig,
    ModprobeFile,
    ModuleParameter,
    ModuleParameters,
    NextBootCmdline,
    OffSwitch,
    Option,
    Options,
    SevDecisions,
    SevParameters,
    SevSwitches,
)
from sevlint.facts.log import KernelLog
from sevlint.facts.platform import OsRelease, Packages, RunningKernel
from sevlint.facts.trust import SevFirmware
from sevlint.model import Gap, GapReason, Goal, Place
from sevlint.rule import combiner

_RELEASE = re.compile(r"(\d+)\.(\d+)")
_UPSTREAM = re.compile(r"\d+\.\d+(?:\.\d+)?(?:-rc\d+)?(?:-custom|-mainline)?\+?\Z")


@combiner
def kernel_cmdline(file: CmdlineFile | None, log: KernelLog | None) -> KernelCmdline | Gap:
    """/proc/cmdline, else the log's line, which the kernel may have cut (snapshots 5.4)."""
    if file is not None:
        return KernelCmdline(file.options, file.place)
    line = log.last("command-line") if log is not None else None
    if line is None:
        return Gap(("proc/cmdline",), GapReason.ABSENT)
    text, place = line.get("options"), line.place
    start = line.text.find(text)
    offset = (place.text or "").find(line.text)
    items = []
    for word in re.finditer(r'(?:"[^"]*"?|[^\s"])+', text):
        if word.group() == "--":
            break
        name, equals, value = word.group().strip('"').partition("=")
        column = offset + start + word.start() + 1 if offset >= 0 and start >= 0 else None
        end = column + len(word.group()) if column is not None else None
        here = Place(place.path, place.line, column, end, text=place.text, source=place.source)
        items.append(
            Option(name.replace("-", "_"), value.strip('"') if equals else None, here, word.group().strip('"'))
        )
    return KernelCmdline(Options(tuple(items)), place)


@combiner
def kernel_version(uname: RunningKernel | None, log: KernelLog | None) -> KernelVersion | Gap:
    """`uname`, else the log's `Linux version`. A release that upstream never gives is a distribution's."""
    release, place = "", None
    if uname is not None:
        release, place = uname.release, uname.place
    elif log is not None and (line := log.last("linux-version")) is not None:
        release, place = line.get("release"), line.place
    found = _RELEASE.match(release)
    if found is None or place is None:
        return Gap(("cmd/uname", "cmd/dmesg"), GapReason.ABSENT)
    vendor = _UPSTREAM.match(release) is None
    is_32_bit = uname is not None and uname.is_32_bit
    return KernelVersion(release, (int(found.group(1)), int(found.group(2))), vendor, place, is_32_bit)


@combiner
def module_parameters(items: tuple[ModuleParameter | Gap, ...]) -> ModuleParameters | Gap:
    """All of them, and which could not be read."""
    read = tuple(item for item in items if isinstance(item, ModuleParameter))
    if not read:
        return Gap(("sys/module/kvm_amd/parameters/*",), GapReason.ABSENT)
    unread = (item.place.path for item in items if isinstance(item, Gap) and item.place is not None)
    return ModuleParameters(read, tuple(unread))


@combiner
def sev_parameters(parameters: ModuleParameters) -> SevParameters | Gap:
    """kvm_amd's decision; a directory without `sev` is a kernel built without it (amd-host 4.1)."""
    if not parameters.has("kvm_amd"):
        return Gap(("sys/module/kvm_amd/parameters/*",), GapReason.ABSENT)
    for name in ("sev", "sev_es", "sev_snp"):
        found = parameters.get("kvm_amd", name)
        if found is not None and not (found.is_true or found.is_false):
            return Gap(("sys/module/kvm_amd/parameters/*",), GapReason.DAMAGED, "holds neither Y nor N", found.place)
    first = next(item for item in parameters.items if item.module == "kvm_amd")
    folder = first.place.path.rpartition("/")[0]
    return SevParameters(
        parameters.get("kvm_amd", "sev"),
        parameters.get("kvm_amd", "sev_es"),
        parameters.get("kvm_amd", "sev_snp"),
        Place(folder, note="the files of this directory", source=first.place.source),
    )


_LINES = {
    "sev": ("SEV", ("kvm-sev-enabled", "kvm-sev-unusable", "kvm-sev-supported"), "kvm-sev-disabled"),
    "sev_es": ("SEV-ES", ("kvm-sev-es-enabled", "kvm-sev-es-supported"), "kvm-sev-es-disabled"),
    "sev_snp": ("SEV-SNP", ("kvm-sev-snp-enabled",), "kvm-sev-snp-disabled"),
}
"""What KVM prints at load of each parameter: where it offers the technology, and where it refuses it."""
_ASKS_FIRMWARE = (6, 16)
"""About since then KVM offers SEV-SNP only if the firmware answers (amd-host 5.1 #11, #15)."""


@combiner
def sev_decisions(
    parameters: SevParameters | Gap,
    log: KernelLog | None,
    firmware: SevFirmware | None,
    kernel: KernelVersion | None,
    guests: tuple[RunningGoal, ...],
) -> SevDecisions | Gap:
    """The parameter wins; where it was not collected, a line that refuses proves it, and one that offers does not."""
    known = parameters if isinstance(parameters, SevParameters) else None
    found = [_decision(name, known, log) for name in _LINES]
    if isinstance(parameters, Gap) and log is not None and any(one is not None for one in found):
        found = [one or _undecided(name, log) for name, one in zip(_LINES, found, strict=True)]
    elif isinstance(parameters, Gap):
        return parameters
    sev, sev_es, sev_snp = found
    if sev_snp is not None and sev_snp.offers and firmware is not None and not firmware.has_snp:
        asks = kernel is not None and kernel.version >= _ASKS_FIRMWARE
        runs = any(one.goal is Goal.SEV_SNP for one in guests)
        sev_snp = sev_snp if asks or runs else _not_initialised(sev_snp)
    return SevDecisions(sev, sev_es, sev_snp)


def _decision(name: str, parameters: SevParameters | None, log: KernelLog | None) -> KvmDecision | None:
    found: ModuleParameter | None = getattr(parameters, name, None)
    if found is not None:
        return KvmDecision(not found.is_false, found.place, found.value)
    words, offers, refuses = _LINES[name]
    line = log.last(*offers, refuses) if log is not None else None
    if line is None:
        return None
    # one card has both words of SEV-ES: "unusable" says that it is on, and has no ASIDs
    if line.card == refuses and "unusable" not in line.text:
        return KvmDecision(False, line.place, "disabled")
    wanted = (f"sys/module/kvm_amd/parameters/{name}",)
    return KvmDecision(
        None, line.place, doubt=f"KVM printed that {words} is on, and `{name}` was not collected", wanted=wanted
    )


def _undecided(name: str, log: KernelLog) -> KvmDecision:
    wanted = (f"sys/module/kvm_amd/parameters/{name}",)
    return KvmDecision(None, log.place, doubt=f"nothing tells what KVM decided about {_LINES[name][0]}", wanted=wanted)


def _not_initialised(decision: KvmDecision) -> KvmDecision:
    doubt = (
        "KVM has SEV-SNP on, which kernels before about 6.16 say without asking the firmware, and at its last start "
        "the driver printed no `SEV-SNP API:`"
    )
    return KvmDecision(None, decision.place, doubt=doubt, wanted=("cmd/dmesg",))


@combiner
def sev_switches(
    cmdline: KernelCmdline, modprobe: ModprobeConfig | None, parameters: ModuleParameters | None
) -> SevSwitches:
    """kvm_amd's options on the command line and in modprobe.d, held against what KVM decided."""
    off = []
    for name in ("sev", "sev_es", "sev_snp"):
        outcome = parameters.get("kvm_amd", name) if parameters is not None else None
        option, line = cmdline.last(f"kvm_amd.{name}"), modprobe.last("kvm_amd", name) if modprobe else None
        asked = {one.is_false for one in (option, line) if one is not None}
        counts = outcome.is_false if outcome is not None else None if len(asked) == 2 else True
        if option is not None and option.is_false:
            off.append(OffSwitch(name, option, "on the kernel command line", counts))
        if line is not None and line.is_false:
            off.append(OffSwitch(name, line, f"in {line.place.path}", counts))
    return SevSwitches(tuple(off), cmdline.place)


_MODPROBE_RANK = ("etc/", "run/", "usr/local/lib/", "usr/lib/", "lib/")


@combiner
def modprobe_config(files: tuple[ModprobeFile, ...]) -> ModprobeConfig | Gap:
    """Files by name; of two with one name the first folder's counts (snapshots 5.5)."""
    if not files:
        return Gap(("etc/modprobe.d/*.conf",), GapReason.ABSENT)
    best: dict[str, tuple[int, ModprobeFile]] = {}
    for file in files:
        name = file.path.rsplit("/", 1)[-1]
        rank = next((rank for rank, folder in enumerate(_MODPROBE_RANK) if file.path.startswith(folder)), 9)
        if name not in best or rank < best[name][0]:
            best[name] = (rank, file)
    return ModprobeConfig(tuple(line for name in sorted(best) for line in best[name][1].lines))


@combiner
def next_boot_cmdline(
    defaults: tuple[GrubDefault, ...],
    entries: tuple[BlsEntry, ...],
    config: GrubConfig | None,
    files: tuple[BootFile, ...],
    running: KernelVersion | None,
) -> NextBootCmdline | Gap:
    """Every place that keeps the next boot's options. What boots is grub.cfg's first entry or the saved BLS entry;
    /etc/default/grub and /etc/kernel/cmdline are templates that count at the next regeneration.
    """
    found: list[BootEntry] = []
    environment = {name: file for file in files if (name := file.path.rsplit("/", 1)[-1]) == "grubenv"}.get("grubenv")
    saved = environment.get("saved_entry") if environment else ""
    uses_bls = bool(entries) and (config is None or config.blscfg or not config.entries)
    if uses_bls:
        chosen = _chosen(entries, saved, running.release if running else "")
        for entry in entries:
            options, missing = _resolved(entry.options, entry.variables, config, environment)
            found.append(BootEntry("bls", entry.title, options, entry.place, entry is chosen, missing))
    elif config is not None:
        default = _default_of(config, environment)
        for one in config.entries:
            options, missing = _resolved(one.options, one.variables, config, environment)
            place = options.items[0].place if options.items else config.place
            found.append(BootEntry("grub-cfg", one.title, options, place, one is default, missing))
    for file in files:
        options_of_file = file.options_of("") if file.path.endswith("kernel/cmdline") else None
        if options_of_file is not None:
            found.append(BootEntry("kernel-cmdline", "", options_of_file, file.place, not found))
    template = _template(defaults)
    if template is not None:
        found.append(template)
    if not found:
        return Gap(("boot/loader/entries/*.conf", "boot/grub2/grub.cfg", "etc/default/grub"), GapReason.ABSENT)
    return NextBootCmdline(tuple(found))


def _default_of(config: GrubConfig, environment: BootFile | None) -> GrubEntry | None:
    """The entry that `set default=` names by number, id or title; None where that cannot be told."""
    wanted = dict(config.variables).get("default", "0")
    once = environment.get("next_entry") if environment is not None else ""
    if once:
        wanted = once
    elif wanted.strip("${}") == "saved_entry":
        if environment is None:
            return None
        wanted = environment.get("saved_entry") or "0"
    last = wanted.rpartition(">")[2]
    for entry in config.entries:
        if entry.number == wanted or (not last.isdigit() and last in (entry.id, entry.title)):
            return entry
    # a number that leads into a submenu takes the submenu's first entry
    return next((entry for entry in config.entries if entry.number == f"{wanted}>0"), None)


def _chosen(entries: tuple[BlsEntry, ...], saved: str, release: str) -> BlsEntry | None:
    """The saved entry, else the running kernel's: which of several is newest is not for us to guess."""
    for entry in entries:
        if saved and entry.path.rsplit("/", 1)[-1].removesuffix(".conf") == saved:
            return entry
    if len(entries) == 1:
        return entries[0]
    return next((entry for entry in entries if release and entry.version == release), None)


def _resolved(
    options: Options, variables: tuple[str, ...], config: GrubConfig | None, environment: BootFile | None
) -> tuple[Options, tuple[str, ...]]:
    items = list(options.items)
    missing = []
    sets = dict(config.variables) if config is not None else {}
    for name in variables:
        more = environment.options_of(name) if environment is not None else None
        if more is not None:
            items = [*more.items, *items]
        elif not sets.get(name, "x") or name in ("tuned_params", "tuned_initrd", "extra_cmdline"):
            continue  # set to nothing, or unset by default
        else:
            missing.append(name)
    return Options(tuple(items)), tuple(missing)


def _in_reading_order(defaults: tuple[GrubDefault, ...]) -> list[GrubDefault]:
    return sorted(defaults, key=lambda one: ("grub.d/" in one.path, one.path))


def _template(defaults: tuple[GrubDefault, ...]) -> BootEntry | None:
    """GRUB_CMDLINE_LINUX and _DEFAULT after every drop-in, in reading order; None where no file was collected."""
    files = _in_reading_order(defaults)
    parts: dict[str, list[Option]] = {}
    missing: list[str] = []
    place: Place | None = None
    where = files[0].place if files else None
    for file in files:
        for one in file.values:
            name, value, items = one.name, one.value, one.options.items
            if not name.startswith("GRUB_CMDLINE"):
                continue
            keeps = one.appended or f"${name}" in value or f"${{{name}}}" in value
            plain = [option for option in items if "$" not in option.text]
            missing += [other for other in re.findall(r"\$\{?(\w+)\}?", value) if other != name]
            parts[name] = [*(parts.get(name, []) if keeps else []), *plain]
            place = place or (items[0].place if items else file.place)
    if where is None:
        return None
    joined = [*parts.get("GRUB_CMDLINE_LINUX", []), *parts.get("GRUB_CMDLINE_LINUX_DEFAULT", [])]
    return BootEntry("grub-default", "", Options(tuple(joined)), place or where, False, tuple(missing))


@combiner
def boot_config(
    os: OsRelease | None,
    defaults: tuple[GrubDefault, ...],
    entries: tuple[BlsEntry, ...],
    files: tuple[BootFile, ...],
    packages: Packages | None,
    config: GrubConfig | None,
) -> BootConfig:
    """How this distribution's boot configuration is edited (amd-host 3; snapshots 2.1)."""
    cmdlines = [file for file in files if file.path.endswith("kernel/cmdline")]
    has_grub = bool(defaults) or config is not None or len(files) > len(cmdlines)
    tool = _tool(os, packages, config, has_grub=has_grub, has_cmdline=bool(cmdlines), has_entries=bool(entries))
    sources = [] if tool == "kernel-install" else _grub_sources(_in_reading_order(defaults))
    if tool in ("kernel-install", "proxmox-boot-tool"):
        sources += [_cmdline_source(file) for file in cmdlines]
    lines = (*(one.options for one in entries), *(one.options for one in (config.entries if config else ())))
    return BootConfig(tool, tuple(sources), tuple(dict.fromkeys(one.text for line in lines for one in line.items)))


def _tool(
    os: OsRelease | None,
    packages: Packages | None,
    config: GrubConfig | None,
    *,
    has_grub: bool,
    has_cmdline: bool,
    has_entries: bool,
) -> str:
    """Without a sign of GRUB, /etc/kernel/cmdline is what entries are made from, whatever the distribution."""
    if os is not None and os.is_ostree:
        return "rpm-ostree"
    if packages is not None and packages.newest("proxmox-ve", "pve-manager", "pve-qemu-kvm") is not None:
        return "proxmox-boot-tool" if has_cmdline else "update-grub"
    is_suse = os is not None and (os.is_like("suse", "opensuse", "sles") or os.id.startswith(("sle", "opensuse")))
    if has_cmdline and not has_grub and not is_suse:
        return "kernel-install"
    if os is None:
        return "grubby" if has_entries and has_grub else ""
    if os.is_like("rhel", "fedora", "centos"):
        # grubby of today edits boot loader specification files; plain menu entries are made anew from the template
        plain = config is not None and bool(config.entries) and not config.blscfg and not has_entries
        return "grub2-mkconfig" if plain else "grubby"
    if is_suse:
        return "pbl"
    if os.is_like("debian", "ubuntu"):
        return "" if has_entries and not has_grub else "update-grub"
    return "grub-mkconfig" if os.is_like("arch", "gentoo") and (has_grub or not has_entries) else ""


def _grub_sources(files: list[GrubDefault]) -> list[BootSource]:
    """An option is added where the variable for every boot is set last, else where that for the default one is."""
    lines = [(file.path, one) for file in files for one in file.values if one.name.startswith("GRUB_CMDLINE_LINUX")]
    ranked = sorted(lines, key=lambda line: line[1].name == "GRUB_CMDLINE_LINUX")
    at, last = ranked[-1] if ranked else ("", None)
    sources = []
    for file in files:
        texts = tuple(option.text for path, one in lines if path == file.path for option in one.options.items)
        source = BootSource(f"/{file.path}", texts)
        if last is not None and file.path == at:
            source = BootSource(source.path, texts, last.head, last.quote, last.simple)
        sources.append(source)
    return sources


def _cmdline_source(file: BootFile) -> BootSource:
    """A word is added to the first line: it must be the one that holds the options."""
    options = file.options_of("")
    items = options.items if options is not None else ()
    takes_more = bool(items) and items[0].place.line == 1
    return BootSource(f"/{file.path}", tuple(option.text for option in items), takes_more=takes_more)

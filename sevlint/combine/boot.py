"""Modules that are loaded, built in or blocked, and the requests for their parameters (amd-host 3, 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sevlint.combine.machine import nothing_at
from sevlint.facts.amd import DevSev, IommuOptions
from sevlint.facts.boot import (
    CMDLINE,
    Asked,
    HostModules,
    IgnoredOption,
    IgnoredOptions,
    InvalidOption,
    InvalidOptions,
    KernelConfig,
    KernelConfigFile,
    LoadedModules,
    ModuleBlock,
    ModuleBlocks,
    ModuleRequest,
    ModuleRequests,
    ModuleState,
    NextBootChange,
    NextBootChanges,
    PendingBreak,
    PendingBreaks,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import (
    BootEntry,
    KernelCmdline,
    KernelVersion,
    ModprobeConfig,
    ModuleParameters,
    NextBootCmdline,
    Option,
    turn_on,
)
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.options import breaking, is_unreadable, needed
from sevlint.model import Gap, GapReason, Goal, Needs, Open, Place, Remedy
from sevlint.rule import combiner

if TYPE_CHECKING:
    from collections.abc import Iterator


@combiner
def kernel_config(files: tuple[KernelConfigFile, ...], kernel: KernelVersion | None) -> KernelConfig | Gap:
    """The configuration of the kernel that runs: /boot may hold those of many."""
    if not files:
        return Gap(("boot/config-*",), GapReason.ABSENT)
    if kernel is None:
        return Gap(("cmd/uname",), GapReason.ABSENT)
    for file in files:
        if file.release == kernel.release:
            return KernelConfig(file.release, file.values, file.whole, file.place)
    why = f"is of kernel {files[0].release}, and {kernel.release} runs"
    return Gap(("boot/config-*",), GapReason.UNDECIDED, why, files[0].place)


@combiner
def host_modules(
    loaded: LoadedModules | None,
    parameters: ModuleParameters | None,
    config: KernelConfig | None,
    device: DevSev | None,
    log: KernelLog | None,
) -> HostModules | Gap:
    """A list without a module proves its absence only where the module cannot be built in."""
    if loaded is None and parameters is None and config is None and device is None and log is None:
        return Gap(("proc/modules", "cmd/lsmod"), GapReason.ABSENT)
    kvm_line = log.last("kvm-amd-loaded", "kvm-sev-enabled", "kvm-sev-disabled", "kvm-sev-supported") if log else None
    # kvm_amd cannot be built in where kvm is a module
    kvm = _state("kvm_amd", "KVM_AMD", loaded, parameters, config, is_module=bool(loaded and loaded.get("kvm")))
    ccp = _state("ccp", "CRYPTO_DEV_CCP_DD", loaded, parameters, config, is_module=False)
    if kvm.present is None and kvm_line is not None:
        kvm = ModuleState(True, False, kvm_line.place)
    if ccp.present is None and device is not None and device.exists:
        ccp = ModuleState(True, False, device.place)
    return HostModules(kvm, ccp)


def _state(
    name: str,
    option: str,
    loaded: LoadedModules | None,
    parameters: ModuleParameters | None,
    config: KernelConfig | None,
    *,
    is_module: bool,
) -> ModuleState:
    line = loaded.get(name) if loaded is not None else None
    if line is not None:
        return ModuleState(True, False, line)
    built = config.get(option) if config is not None else None
    if config is not None and built == "y":
        return ModuleState(True, True, config.place_of(option))
    items = parameters.items if parameters is not None else ()
    item = next((one for one in items if one.module == name), None)
    if item is not None:
        return ModuleState(True, False, item.place)
    if loaded is not None and loaded.whole and (is_module or built == "m"):
        return ModuleState(False, False, nothing_at(loaded.place, name))
    return ModuleState(None, False, None)


@combiner
def module_blocks(cmdline: KernelCmdline, modprobe: ModprobeConfig | None) -> ModuleBlocks:
    """`install MODULE /bin/false`, `module_blacklist=` (whoever asks), `blacklist`, `modprobe.blacklist=` (aliases)."""
    found = []
    for module in ("kvm_amd", "ccp"):
        # of module_blacklist the last occurrence counts; those of modprobe.blacklist add up
        accumulated = cmdline.options.all("modprobe.blacklist")
        for option in (*cmdline.options.all("module_blacklist")[-1:], *accumulated):
            if module in (option.value or "").replace("-", "_").split(","):
                is_fatal = option.name == "module_blacklist"
                found.append(ModuleBlock(module, option.text, CMDLINE, is_fatal, option.place))
        disabled = modprobe.disabled(module) if modprobe is not None else None
        if disabled is not None:
            found.append(ModuleBlock(module, disabled.text, f"in {disabled.place.path}", True, disabled.place))
        lines = modprobe.lines if modprobe is not None else ()
        found += [
            ModuleBlock(module, line.text, f"in {line.place.path}", False, line.place)
            for line in lines
            if line.verb == "blacklist" and line.module == module
        ]
    return ModuleBlocks(tuple(found), cmdline.place)


_PARAMETERS = (
    *(("kvm_amd", name) for name in ("sev", "sev_es", "sev_snp", "npt", "nrips", "lbrv", "ciphertext_hiding_asids")),
    ("kvm", "mmio_caching"),
)


def _asked(module: str, name: str, cmdline: KernelCmdline, modprobe: ModprobeConfig | None) -> list[Asked]:
    """Every request for a parameter: modprobe.d's lines before the command line, as modprobe joins them."""
    lines = modprobe.lines if modprobe is not None else ()
    mine = (line for line in lines if line.verb == "options" and line.module == module)
    asked = [Asked(option, f"in {line.place.path}") for line in mine for option in line.options.all(name)]
    return asked + [Asked(option, CMDLINE) for option in cmdline.options.all(f"{module}.{name}")]


@combiner
def module_requests(
    cmdline: KernelCmdline,
    modprobe: ModprobeConfig | None,
    parameters: ModuleParameters | None,
    config: KernelConfig | None,
) -> ModuleRequests:
    """modprobe joins what its files and the command line have for a module; built-in code reads no modprobe.d."""
    items = []
    built_in = {"kvm_amd"} if config is not None and config.get("KVM_AMD") == "y" else set()
    for module, name in _PARAMETERS:
        asked = _asked(module, name, cmdline, None if module in built_in else modprobe)
        if asked:
            outcome = parameters.get(module, name) if parameters is not None else None
            items.append(ModuleRequest(module, name, tuple(asked), outcome))
    return ModuleRequests(tuple(items), cmdline.place)


_LOGS = ("cmd/dmesg", "cmd/journal-boot")
_WORDS = ("sev", "sev_es")
_TYPED = (*_WORDS, "ciphertext_hiding_asids")
"""Parameters of kvm_amd whose type is known for every kernel; of all others only the kernel's line tells."""


@combiner
def invalid_options(
    cmdline: KernelCmdline,
    requests: ModuleRequests,
    modprobe: ModprobeConfig | None,
    modules: HostModules | None,
    kernel: KernelVersion | None,
    log: KernelLog | None,
) -> InvalidOptions:
    """The kernel's lines, then values that it cannot read; kvm_amd, once loaded, could, and so could what it needs."""
    state = modules.kvm_amd if modules is not None else None
    if state is not None and state.present:
        return InvalidOptions((), None, state.place, cmdline.place)
    lines = {
        (line.get("module"), line.get("parameter"), line.get("value")): line
        for line in (log.all("module-parameter-invalid") if log is not None else ())
    }
    now = [_said(line, cmdline, modprobe, kernel) for line in lines.values()]
    named = {one.asked.option.place for one in now if one.asked is not None}
    missing = state.place if state is not None and state.present is False else None
    proof = next((line.place for (module, *_), line in lines.items() if module == "kvm_amd"), missing)
    doubt = None
    if missing is not None and (log is None or not log.whole):
        doubt = Open("whether the kernel refused a parameter when kvm_amd was loaded is not known", _LOGS)
    for request in requests.items:
        mine = request.module == "kvm_amd" and request.parameter in _TYPED
        for asked in request.asked if mine else ():
            bad = is_unreadable(request.parameter, asked.option, kernel)
            if bad is None and proof is None:
                why = "whether this kernel takes words for it, and whether kvm_amd is loaded, is not known"
                doubt = Open(why, ("proc/modules", "cmd/uname", "sys/module/kvm_amd/parameters/*"))
            if (bad or (bad is None and proof is not None)) and asked.option.place not in named:
                now.append(_invalid("kvm_amd", request.parameter, asked, proof, kernel))
    return InvalidOptions(tuple(now), doubt, None, cmdline.place)


def _said(
    line: Line, cmdline: KernelCmdline, modprobe: ModprobeConfig | None, kernel: KernelVersion | None
) -> InvalidOption:
    """What the kernel says that it could not read, with the request that has this very value."""
    module, parameter, value = line.get("module"), line.get("parameter"), line.get("value")
    requests = _asked(module, parameter, cmdline, modprobe)
    asked = next((one for one in reversed(requests) if (one.option.value or "") == value), None)
    if asked is not None:
        return replace(_invalid(module, parameter, asked, line.place, kernel), said=True)
    remedy = Remedy(f"find what asks for `{parameter}={value}`, and reload {module}", needs=Needs.RELOAD)
    return InvalidOption(module, parameter, value, None, line.place, True, remedy)


def _invalid(
    module: str, parameter: str, asked: Asked, proof: Place | None, kernel: KernelVersion | None
) -> InvalidOption:
    is_switch = module == "kvm_amd" and parameter in _WORDS
    remedy = turn_on(parameter, asked.option, asked.where, kernel) if is_switch else asked.remedy
    return InvalidOption(module, parameter, asked.option.value or "", asked, proof, False, remedy)


@combiner
def pending_breaks(requests: ModuleRequests, blocks: ModuleBlocks, modules: HostModules | None) -> PendingBreaks:
    """modprobe.d against what is loaded; where the command line speaks of the parameter too, neither is new.

    A plain blacklist counts for kvm_amd alone, which nothing else loads: ccp comes as what kvm_amd needs.
    """
    items = []
    for one in requests.items:
        last, outcome = one.asked[-1], one.outcome
        if last.option.is_false and last.where != CMDLINE and (outcome is None or outcome.is_true):
            now = outcome.place if outcome is not None else None
            items.append(PendingBreak(one.module, one.parameter, last.option.text, last.option.place, now))
    held_now = any(one.module == "kvm_amd" and one.where == CMDLINE for one in blocks.items)
    for block in blocks.items:
        state = {"kvm_amd": modules.kvm_amd, "ccp": modules.ccp}.get(block.module) if modules is not None else None
        is_out = state is not None and (state.present is False or state.built_in)
        counts = block.fatal or (block.module == "kvm_amd" and not held_now)
        if counts and block.where != CMDLINE and not is_out:
            now = state.place if state is not None else None
            items.append(PendingBreak(block.module, "", block.text, block.place, now, block.fatal))
    return PendingBreaks(tuple(items))


@combiner
def next_boot_changes(
    running: KernelCmdline,
    following: NextBootCmdline,
    kernel: KernelVersion | None,
    config: KernelConfig | None,
    modprobe: ModprobeConfig | None,
) -> NextBootChanges:
    """What is kept for the next boot against what runs."""
    comes = [change for goal in Goal if (change := _coming(running, following, kernel, goal)) is not None]
    lost = [change for goal in Goal for change in _lost(running, following, kernel, config, modprobe, goal)]
    return NextBootChanges((*comes, *lost))


def _coming(
    running: KernelCmdline, following: NextBootCmdline, kernel: KernelVersion | None, goal: Goal
) -> NextBootChange | None:
    """Options of the first entry that breaks a goal in a way that this boot does not."""
    for entry in following.counting:
        gained = _gained(entry, running, kernel, goal)
        if gained:
            goals = tuple(
                one for one in Goal if any(option in gained for option in _gained(entry, running, kernel, one))
            )
            places = (*(option.place for option in gained), running.place)
            texts = tuple(dict.fromkeys(option.text for option in gained))
            return NextBootChange(goal, goals, entry.when, texts, places, comes=True)
    return None


def _gained(entry: BootEntry, running: KernelCmdline, kernel: KernelVersion | None, goal: Goal) -> list[Option]:
    now = breaking(running.options, goal, kernel)
    return [option for what, option in breaking(entry.options, goal, kernel).items() if what not in now]


def _lost(
    running: KernelCmdline,
    following: NextBootCmdline,
    kernel: KernelVersion | None,
    config: KernelConfig | None,
    modprobe: ModprobeConfig | None,
    goal: Goal,
) -> Iterator[NextBootChange]:
    """Options that this boot needs and the next will not have: `wanted`, or the answer to passthrough by default."""
    entries = [one for one in following.counting if one.default and not one.unresolved]
    wanted = needed(running.options, goal, kernel)
    if wanted is not None and not _asks(modprobe, wanted):
        goals = tuple(one for one in Goal if one is goal or needed(running.options, one, kernel) == wanted)
        for entry in entries:
            if entry.options.last(wanted.name) is None:
                places = (entry.place, wanted.place)
                yield NextBootChange(goal, goals, entry.when, (wanted.text,), places, comes=False)
    default = config.get("IOMMU_DEFAULT_PASSTHROUGH") if config is not None else None
    nopt = IommuOptions.of(running.options).translated if goal is Goal.SEV_SNP and default != "n" else None
    for entry in entries if nopt is not None else ():
        if nopt is not None and IommuOptions.of(entry.options).translated is None:
            # it matters only where passthrough is the kernel's own default
            places, certain = (entry.place, nopt.place), default is not None
            yield NextBootChange(goal, (goal,), entry.when, (nopt.text,), places, comes=False, certain=certain)


def _asks(modprobe: ModprobeConfig | None, option: Option) -> bool:
    """modprobe.d asks for the same, and holds from the next load on."""
    module, _, name = option.name.partition(".")
    line = modprobe.last(module, name) if modprobe is not None else None
    return line is not None and line.is_true


_SINCE = {"sev_es": (5, 11), "sev_snp": (6, 11), "ciphertext_hiding_asids": (6, 18)}
"""The first upstream kernel whose kvm_amd has the parameter (amd-host 3); `max_sev_asids` is in none (4.1)."""


@combiner
def ignored_options(
    cmdline: KernelCmdline,
    following: NextBootCmdline | None,
    modprobe: ModprobeConfig | None,
    cpu: Cpuinfo | None,
    kernel: KernelVersion | None,
    parameters: ModuleParameters | None,
    log: KernelLog | None,
) -> IgnoredOptions:
    """Options that this kernel does not know, or that are for another CPU."""
    entries = following.counting if following is not None else ()
    coming = [Asked(option, CMDLINE, entry.when) for entry in entries for option in entry.options.items]
    asked = [*(Asked(option, CMDLINE) for option in cmdline.options.items), *coming]
    items = [found for one in asked if (found := _ignored(one)) is not None]
    undecided = []
    for one in asked:
        if one.option.name == "intel_iommu" and cpu is None:
            undecided.append((one.option, "proc/cpuinfo"))
        elif one.option.name == "intel_iommu" and cpu is not None and cpu.is_amd:
            items.append(IgnoredOption(one, "this CPU is AMD's, whose IOMMU is on by default"))
    for name in (*_SINCE, "max_sev_asids"):
        mine = _asked("kvm_amd", name, cmdline, modprobe)
        if name not in _SINCE:  # which kernel boots next is not known, but none has this one
            mine += [one for one in coming if one.option.name == f"kvm_amd.{name}"]
        why_not = _unknown(name, kernel, parameters, log) if mine else ""
        items += [IgnoredOption(one, why_not) for one in mine if why_not]
        undecided += [(one.option, "sys/module/kvm_amd/parameters/*") for one in mine if why_not is None]
    return IgnoredOptions(_once(items, coming), tuple(undecided), cmdline.place)


def _once(items: list[IgnoredOption], coming: list[Asked]) -> tuple[IgnoredOption, ...]:
    """Each option once, with every place that has it in this spelling; one that holds already is said to."""
    places: dict[tuple[str, str], list[Place]] = {}
    for asked in (*(one.asked for one in items), *coming):
        places.setdefault((asked.option.text, asked.where), []).append(asked.option.place)
    first: dict[tuple[str, str], IgnoredOption] = {}
    for one in items:
        key = (one.asked.option.text, one.asked.where)
        first.setdefault(key, replace(one, places=tuple(dict.fromkeys(places[key]))))
    return tuple(first.values())


def _ignored(asked: Asked) -> IgnoredOption | None:
    option, value = asked.option, asked.option.value or ""
    name, _, _ = option.text.partition("=")
    tokens = value.split(",")
    if option.name == "amd_iommu" and "on" in tokens:
        kept = ",".join(token for token in tokens if token != "on")
        why = "the AMD IOMMU is on by default, and `on` is no value that it knows"
        return IgnoredOption(asked, why, f"{name}={kept}" if kept else "")
    if option.name == "sev" and option.value is not None:
        known = [token for token in tokens if token in ("debug", "nosnp")]
        why = "the kernel knows `debug` and `nosnp` here, and a host needs neither for SEV"
        return IgnoredOption(asked, why, f"{name}={','.join(known)}" if known else "") if known != tokens else None
    if option.name == "mem_encrypt" and option.value is not None and value not in ("on", "off"):
        return IgnoredOption(asked, "the kernel knows `on` and `off` here, and SEV guests need neither")
    return None


def _unknown(
    name: str, kernel: KernelVersion | None, parameters: ModuleParameters | None, log: KernelLog | None
) -> str | None:
    """Why kvm_amd has no such parameter; "" where it has it, None where nothing tells."""
    if name not in _SINCE:
        return "no kernel has such a parameter; the kernel log and misc.capacity tell how many ASIDs there are"
    if kernel is not None and kernel.version >= _SINCE[name]:
        return ""
    if parameters is not None and parameters.get("kvm_amd", name) is not None:
        return ""
    lines = log.all("module-parameter-unknown") if log is not None else ()
    said = any((line.get("module"), line.get("parameter")) == ("kvm_amd", name) for line in lines)
    if said or (parameters is not None and parameters.lists("kvm_amd")):
        return "this kernel's kvm_amd has no such parameter"
    if kernel is not None and not kernel.vendor:
        return f"kernel {kernel.release} is older than this parameter"
    return None

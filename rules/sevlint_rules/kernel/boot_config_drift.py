"""The next boot will run with other options than this one.

Why    What was tested is what runs now; the boot loader's configuration has an option that breaks it, or lacks one that
       it needs, and nobody will think of it after the next maintenance.
Fix    Correct the boot loader's configuration and regenerate it, or reboot now, while somebody is watching.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt (amd-host 3 next boot, 3 modprobe.d, 3 iommu=nopt;
       snapshots 5.5)

/etc/default/grub and /etc/kernel/cmdline are templates: what they hold counts from the next regeneration on. A line of
modprobe.d counts from the next load of the module on; where the initramfs loads it, only after the initramfs has been
built anew, as it has its own copy. So where such a line breaks what works now, it was added since, or the initramfs
does not have it yet.
"""

from collections.abc import Iterable

from sevlint.api import (
    CONFIDENTIAL,
    Confidence,
    Fail,
    Gap,
    Goal,
    Open,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    boot_option,
    rule,
)
from sevlint.facts.amd import IommuOptions
from sevlint.facts.boot import KernelConfig, PendingBreak, PendingBreaks
from sevlint.facts.kernel import BootEntry, KernelCmdline, KernelVersion, ModprobeConfig, NextBootCmdline, Option
from sevlint.facts.options import breaking, needed


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(
    running: KernelCmdline,
    following: NextBootCmdline | Gap,
    kernel: KernelVersion | None,
    pending: PendingBreaks | None,
    config: KernelConfig | None,
    modprobe: ModprobeConfig | None,
    goal: Goal,
) -> Verdict:
    waiting = _waiting(pending, goal) if pending is not None else None
    if waiting is not None:
        return waiting
    if isinstance(following, Gap):
        return Open("where the next boot's options are kept was not collected", following.wanted)
    entries = following.counting
    for entry in entries:
        gained = _gained(entry, running, goal)
        if gained:
            texts = list(dict.fromkeys(option.text for option in gained))
            words, verb = " ".join(texts), "break" if len(texts) > 1 else "breaks"
            broken = _goals(one for one in Goal if any(option in gained for option in _gained(entry, running, one)))
            because = f"{entry.when} will run with `{words}`, which {verb} {broken}; this one does not"
            places = (*(option.place for option in gained), running.place)
            return Fail(because, places, remedy=boot_option.remove(*texts), value=words)
    wanted = needed(running.options, goal, kernel)
    if wanted is not None and modprobe is not None and _asks(modprobe, wanted):
        wanted = None
    lost = _lost(running, entries, kernel, wanted, _default_of(config), goal)
    if lost is not None:
        return lost
    return following.doubt or Pass(
        "the next boot asks for nothing that breaks it", tuple(one.place for one in entries if one.default)
    )


def _waiting(pending: PendingBreaks, goal: Goal) -> Fail | Open | None:
    """A line of modprobe.d that breaks the goal at the next load."""
    mine = [one for one in pending.items if one.breaks(goal)]
    for waiting in mine:
        if waiting.now is not None:
            return _fail(waiting, waiting.now)
    if mine:
        wanted = ("sys/module/kvm_amd/parameters/*", "proc/modules")
        return Open(f"`{mine[0].text}` is in {mine[0].place.path}, and whether it holds now was not collected", wanted)
    return None


def _fail(waiting: PendingBreak, now: Place) -> Fail:
    file = waiting.place.path
    broken = _goals(one for one in Goal if waiting.breaks(one))
    because = f"the next load of {waiting.module} will meet `{waiting.text}` in {file}, which breaks {broken}"
    remedy = Remedy(f"remove `{waiting.text}` from {file}, and build the initramfs anew if it holds the file")
    return Fail(because, (waiting.place, now), remedy=remedy, confidence=Confidence.MEDIUM, value=waiting.text)


def _gained(entry: BootEntry, running: KernelCmdline, goal: Goal) -> list[Option]:
    """Options of the entry that break a goal which this boot does not break in that way."""
    now = breaking(running.options, goal)
    return [option for what, option in breaking(entry.options, goal).items() if what not in now]


def _goals(goals: Iterable[Goal]) -> str:
    """ "sev, sev-es and sev-snp": the same words whichever goal is judged, so that one fault is one finding."""
    *first, last = (goal.value for goal in goals)
    return f"{', '.join(first)} and {last}" if first else last


def _asks(modprobe: ModprobeConfig, option: Option) -> bool:
    """modprobe.d asks for the same, and holds from the next load on."""
    module, _, name = option.name.partition(".")
    line = modprobe.last(module, name)
    return line is not None and line.is_true


def _default_of(config: KernelConfig | None) -> str | None:
    """ "y" where passthrough is this kernel's default, None where that is not known."""
    return config.get("IOMMU_DEFAULT_PASSTHROUGH") if config is not None else None


def _lost(
    running: KernelCmdline,
    entries: tuple[BootEntry, ...],
    kernel: KernelVersion | None,
    wanted: Option | None,
    default: str | None,
    goal: Goal,
) -> Fail | None:
    """An option that this boot needs and the next will not have: `wanted`, or the answer to passthrough by default."""
    nopt = IommuOptions.of(running.options).translated if goal is Goal.SEV_SNP and default != "n" else None
    for option, has in ((wanted, _has), (nopt, _translates)):
        for entry in entries if option is not None else ():
            if option is None or not entry.default or entry.unresolved or has(entry, option):
                continue
            places, remedy = (entry.place, option.place), boot_option.add(option.text)
            if option is nopt and default is None:  # it matters only where passthrough is the kernel's own default
                because = f"the next boot will run without `{option.text}`, which {goal.value} may need on this host"
                low = Confidence.LOW
                return Fail(because, places, remedy=remedy, severity=Severity.NOTE, confidence=low, value=option.text)
            wants = _goals(one for one in Goal if one is goal or needed(running.options, one, kernel) == option)
            because = f"the next boot will run without `{option.text}`, which this host needs for {wants}"
            return Fail(because, places, remedy=remedy, value=option.text)
    return None


def _has(entry: BootEntry, option: Option) -> bool:
    return entry.options.last(option.name) is not None


def _translates(entry: BootEntry, option: Option) -> bool:
    return IommuOptions.of(entry.options).translated is not None

"""What a guest knows of itself (guest-and-swiotlb 1, 3)."""

from __future__ import annotations

import re

from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.goals import GoalSign, GuestGoalSigns
from sevlint.facts.guest import DEFAULT_SLABS, SLABS_PER_MIB, GuestProtection, Swiotlb, SwiotlbOption
from sevlint.facts.kernel import KernelCmdline, KernelVersion, Option
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.platform import FileListing
from sevlint.model import Gap, GapReason, Goal, Place
from sevlint.rule import combiner

_WORDS = {"SEV": Goal.SEV, "SEV-ES": Goal.SEV_ES, "SEV-SNP": Goal.SEV_SNP, "TDX": Goal.TDX}
_FLAGS = (("tdx_guest", Goal.TDX), ("sev_snp", Goal.SEV_SNP), ("sev_es", Goal.SEV_ES), ("sev", Goal.SEV))
_DEVICES = {"dev/sev-guest": Goal.SEV_SNP, "dev/tdx_guest": Goal.TDX}
_NAMING = ("memory-encryption-active", "sev-status", "systemd-detected-confidential")
_PLAIN = {
    "sev-active-old": Goal.SEV,
    "snp-cpuid-table": Goal.SEV_SNP,
    "snp-running-at-vmpl": Goal.SEV_SNP,
    "tdx-guest-detected": Goal.TDX,
}
_PROOFS = (*_NAMING, *_PLAIN)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,18}")
"""simple_strtoul with base 0: `0x` is hexadecimal, a leading 0 octal, and `09` is 0 with a rest."""

_FIRST_WITH_RULE = (5, 11)
"""Kernels from here on give 6 % of memory (guest-and-swiotlb 1.3)."""
_FIRST_WITH_AREAS = (6, 0)
"""Kernels from here on round the pool up to a power of two (guest-and-swiotlb 1.2)."""
_AREAS = re.compile(r",[0-9]+")


def _proof(line: Line) -> Goal | None:
    """The highest level that a line names; None for host SME, which protects no guest (guest-and-swiotlb 3.1)."""
    if line.card in _PLAIN:
        return _PLAIN[line.card]
    words = (line.get("features") or line.get("bits") or line.get("technology").upper()).split()
    goals = [_WORDS[word] for word in words if word in _WORDS]
    return max(goals) if goals else None


def _proofs(log: KernelLog | None, cpu: Cpuinfo | None, files: tuple[FileListing, ...]) -> list[tuple[Goal, Place]]:
    found: list[tuple[Goal, Place]] = []
    for card in _PROOFS if log is not None else ():
        for line in log.all(card) if log is not None else ():
            goal = _proof(line)
            if goal is not None:
                found.append((goal, line.place))
    if cpu is not None and cpu.in_vm:
        found += [(goal, cpu.flags_place) for flag, goal in _FLAGS if flag in cpu.flags][:1]
    found += [(_DEVICES[file.path], file.place) for file in files if file.path in _DEVICES]
    return found


def _hidden(log: KernelLog | None) -> Line | None:
    """A line of a protection whose level the kernel cannot name: another vendor's, or behind Hyper-V's paravisor."""
    if log is None:
        return None
    unknown = (line for line in log.all("memory-encryption-active") if "Unknown" in line.get("features"))
    return log.last("hyperv-isolation") or next(unknown, None)


@combiner
def guest_goal_signs(log: KernelLog | None, cpu: Cpuinfo | None, files: tuple[FileListing, ...]) -> GuestGoalSigns:
    """Every proof, from the log, cpuinfo and device nodes."""
    return GuestGoalSigns(tuple(GoalSign(goal, place) for goal, place in _proofs(log, cpu, files)))


@combiner
def guest_protection(
    log: KernelLog | None, cpu: Cpuinfo | None, files: tuple[FileListing, ...]
) -> GuestProtection | Gap:
    """The highest level proven. Only a log that reaches back to boot proves that there is none."""
    found = _proofs(log, cpu, files)
    hidden = _hidden(log)
    if found:
        goal, place = max(found, key=lambda one: list(Goal).index(one[0]))
        if hidden is None or goal in (Goal.SEV_SNP, Goal.TDX):
            return GuestProtection(goal, place)
    if hidden is not None:
        return Gap(("cmd/dmesg",), GapReason.UNDECIDED, "its level is not named", hidden.place)
    if log is not None and log.whole:
        return GuestProtection(None, log.place)
    if log is None:
        return Gap(("cmd/dmesg",), GapReason.ABSENT)
    return Gap(("cmd/dmesg",), GapReason.UNDECIDED, log.why_not_whole, log.place)


@combiner
def swiotlb(cmdline: KernelCmdline | None, log: KernelLog | None, kernel: KernelVersion | None) -> Swiotlb | Gap:
    """The options as the kernel reads them, and the pool that it made of them (guest-and-swiotlb 1.2, 1.3, 2.1)."""
    if cmdline is None and log is None:
        return Gap(("proc/cmdline", "cmd/dmesg"), GapReason.ABSENT)
    options = tuple(_read(option) for option in cmdline.options.all("swiotlb")) if cmdline is not None else ()
    sized = next((one for one in reversed(options) if one.slabs is not None), None)
    asked = sized if sized is not None and sized.rounded != DEFAULT_SLABS else None
    line = log.last("swiotlb-mapped") if log is not None else None
    size, seen = _size(asked, line, kernel, known=cmdline is not None)
    places = (one.place for one in (*options[-1:], line, cmdline, log) if one is not None)
    return Swiotlb(
        options=options,
        mapped_mib=line.number("mb") if line is not None else None,
        kernel_has_rule=_has_rule(kernel) if cmdline is not None else None,
        size_mib=size,
        size_seen=seen,
        place=next(places),
    )


def _has_rule(kernel: KernelVersion | None) -> bool | None:
    """A distribution may have backported it to an older version."""
    if kernel is None:
        return None
    return True if kernel.version >= _FIRST_WITH_RULE else None if kernel.vendor else False


def _size(
    asked: SwiotlbOption | None, line: Line | None, kernel: KernelVersion | None, *, known: bool
) -> tuple[int | None, tuple[Place, ...]]:
    if line is not None:
        return line.number("mb"), (*((asked.place,) if asked is not None else ()), line.place)
    if asked is not None:
        slabs = asked.rounded
        if kernel is None or kernel.vendor or kernel.version >= _FIRST_WITH_AREAS:
            slabs = 1 << max(slabs - 1, 0).bit_length()
        return slabs // SLABS_PER_MIB, (asked.place,)
    if known and kernel is not None and _has_rule(kernel) is False:
        return DEFAULT_SLABS // SLABS_PER_MIB, (kernel.place,)
    return None, ()


def _read(option: Option) -> SwiotlbOption:
    """As setup_io_tlb_npages() reads it: a number, areas, then the whole rest must be one of two words."""
    value = option.value or ""
    found = _NUMBER.match(value)
    digits = found.group() if found is not None else ""
    behind = value[len(digits) :]
    areas = _AREAS.match(behind)
    rest = (behind[areas.end() :] if areas is not None else behind).removeprefix(",")
    word = rest if rest in ("force", "noforce") else ""
    return SwiotlbOption(
        text=option.text,
        digits=digits,
        slabs=_number(digits) if digits else None,
        word=word,
        unread="" if word else rest,
        is_cut=bool(digits and behind) and not behind.startswith(","),
        place=option.place,
    )


def _number(digits: str) -> int:
    """simple_strtoul with base 0."""
    if digits[:2].lower() == "0x":
        return int(digits, 16)
    return int(digits, 8 if digits.startswith("0") else 10)

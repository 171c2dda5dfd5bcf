"""What a guest knows of itself (guest-and-swiotlb 1, 3)."""

from __future__ import annotations

import re

from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.goals import GoalSign, GuestGoalSigns
from sevlint.facts.guest import GuestProtection, Swiotlb
from sevlint.facts.kernel import KernelCmdline
from sevlint.facts.log import KernelLog, Line
from sevlint.facts.platform import FileListing
from sevlint.model import Gap, GapReason, Goal, Place
from sevlint.rule import combiner

_WORDS = {"SEV": Goal.SEV, "SEV-ES": Goal.SEV_ES, "SEV-SNP": Goal.SEV_SNP, "TDX": Goal.TDX}
_FLAGS = (("tdx_guest", Goal.TDX), ("sev_snp", Goal.SEV_SNP), ("sev_es", Goal.SEV_ES), ("sev", Goal.SEV))
_DEVICES = {"dev/sev-guest": Goal.SEV_SNP, "dev/tdx_guest": Goal.TDX}
_PROOFS = ("memory-encryption-active", "sev-active-old", "sev-status", "tdx-guest-detected")
_SWIOTLB = re.compile(r"(\d+|0[xX][0-9a-fA-F]+)?([KkMmGg]?)")


def _proof(line: Line) -> Goal | None:
    """The highest level that a line names; None for host SME, which protects no guest (guest-and-swiotlb 3.1)."""
    if line.card == "tdx-guest-detected":
        return Goal.TDX
    if line.card == "sev-active-old":
        return Goal.SEV
    words = (line.get("features") or line.get("bits")).split()
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
    if found:
        goal, place = max(found, key=lambda one: list(Goal).index(one[0]))
        return GuestProtection(goal, place)
    if log is not None and log.whole:
        return GuestProtection(None, log.place)
    if log is None:
        return Gap(("cmd/dmesg",), GapReason.ABSENT)
    return Gap(("cmd/dmesg",), GapReason.UNDECIDED, log.why_not_whole, log.place)


@combiner
def swiotlb(cmdline: KernelCmdline | None, log: KernelLog | None) -> Swiotlb | Gap:
    """The option that counts last, and the pool that the kernel mapped (guest-and-swiotlb 1.2, 2.1)."""
    if cmdline is None and log is None:
        return Gap(("proc/cmdline", "cmd/dmesg"), GapReason.ABSENT)
    option = cmdline.last("swiotlb") if cmdline is not None else None
    number, suffix = None, ""
    words = (option.value or "").split(",") if option is not None else []
    found = _SWIOTLB.match(words[0]) if words else None
    if found is not None and found.group(1):
        text = found.group(1)
        number = (
            int(text, 8) if text.startswith("0") and text.isdigit() and set(text) <= set("01234567") else int(text, 0)
        )
        suffix = found.group(2)
    line = log.last("swiotlb-mapped") if log is not None else None
    place = option.place if option is not None else line.place if line is not None else None
    if place is None:
        place = cmdline.place if cmdline is not None else log.place if log is not None else Place("")
    return Swiotlb(
        option_text=option.text if option is not None else "",
        slabs=number,
        noforce="noforce" in words,
        suffix=suffix,
        option_place=option.place if option is not None else None,
        mapped_mib=line.number("mb") if line is not None else None,
        mapped_place=line.place if line is not None else None,
        place=place,
    )

"""The bits of a launch policy by what they forbid (libvirt-qemu 1.3; intel-tdx 7.2 bit 0, 7.2 bit 29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from sevlint.model import Expectation, Goal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bit(Struct, frozen=True):
    """One bit; `when` is the value that forbids the thing."""

    number: int
    when: bool

    def holds(self, policy: int) -> bool:
        """Whether this policy forbids it."""
        return bool(policy >> self.number & 1) is self.when

    def mended(self, policy: int) -> int:
        """The policy, forbidding it."""
        bit = 1 << self.number
        return policy | bit if self.when else policy & ~bit


_SEV = {"no-debug": Bit(0, True), "no-key-sharing": Bit(1, True), "no-migration": Bit(3, True)}
FORBIDS: Mapping[Goal, Mapping[str, Bit]] = {
    Goal.SEV: _SEV,
    Goal.SEV_ES: _SEV,
    Goal.SEV_SNP: {
        "no-debug": Bit(19, False),
        "no-migration": Bit(18, False),
        "no-smt": Bit(16, False),
        "single-socket": Bit(20, True),
    },
    Goal.TDX: {"no-debug": Bit(0, False), "no-migration": Bit(29, False)},
    Goal.S390_PV: {},
}


_LEAST = {Goal.SEV: 0x3, Goal.SEV_ES: 0x7, Goal.SEV_SNP: 0x30000, Goal.TDX: 0x10000000, Goal.S390_PV: 0}
"""A policy that every kernel and firmware starts (libvirt-qemu 1.3, 1.4)."""


def demanded(wanted: Expectation, goal: Goal, policy: int | None = None) -> str:
    """A policy of this goal, or the one that there is, with all that a configuration demands of it."""
    made = _LEAST[goal] if policy is None else policy
    for word in wanted.require:
        bit = FORBIDS[goal].get(word)
        made = bit.mended(made) if bit is not None else made
    asked = asked_abi(goal, made)
    if wanted.min_abi is not None and asked is not None and asked < wanted.min_abi:
        major, minor = wanted.min_abi
        as_snp, as_sev = made & ~0xFFFF | major << 8 | minor, made & 0xFFFF | major << 16 | minor << 24
        made = as_snp if goal is Goal.SEV_SNP else as_sev
    return f"0x{made:04x}" if goal in (Goal.SEV, Goal.SEV_ES) else f"0x{made:08x}"


def asked_abi(goal: Goal, policy: int) -> tuple[int, int] | None:
    """The least firmware ABI, (major, minor), that a policy asks for; None for a technology without one."""
    if goal is Goal.SEV_SNP:
        return policy >> 8 & 0xFF, policy & 0xFF
    if goal in (Goal.SEV, Goal.SEV_ES):
        return policy >> 16 & 0xFF, policy >> 24 & 0xFF
    return None

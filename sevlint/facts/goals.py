"""Signs of what a subject is meant to use. Only the engine asks for these; goals are no rule's business."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact
from sevlint.model import Expectation, Goal, Level, Place


class GoalSign(Struct, frozen=True):
    """One sign: a launchSecurity element, an explicit module option, a proof line. `goal` None: unclear."""

    goal: Goal | None
    place: Place


class HostGoalSigns(Fact, frozen=True):
    """Explicit requests of a host: kvm_amd.sev*=1, kvm_intel.tdx=1, prot_virt=1 (mem_encrypt=on is none).

    `capable`: goals that the CPU could host, for the header when nothing shows a goal.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    signs: tuple[GoalSign, ...]
    capable: tuple[Goal, ...]


class DomainGoalSigns(Fact, frozen=True):
    """A domain's launchSecurity, or the object on its QEMU command line."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    signs: tuple[GoalSign, ...]


class GuestGoalSigns(Fact, frozen=True):
    """What a guest's own log, cpuinfo or device nodes prove; asked of a machine before it is known to be a guest."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    signs: tuple[GoalSign, ...]


class Expected(Fact, frozen=True):
    """What the configuration demands of a domain; not there where it demands nothing."""

    LEVEL: ClassVar[Level] = Level.DOMAIN
    expectation: Expectation

"""Modules and their options in this boot: loaded, built in, blocked, asked for, ignored (amd-host 3, 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.facts.kernel import ModuleParameter, Option
from sevlint.facts.options import breaks
from sevlint.model import AMD_SEV, Goal, Level, Needs, Open, Place, Remedy, boot_option

if TYPE_CHECKING:
    from collections.abc import Iterable

CMDLINE = "on the kernel command line"


class LoadedModules(Fact, frozen=True):
    """/proc/modules or `lsmod`: every module that is loaded; what is built into the kernel is not among them."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    names: tuple[tuple[str, Place], ...]
    whole: bool
    """Neither cut nor filtered: a name that is not there is not loaded."""
    place: Place

    def get(self, name: str) -> Place | None:
        """The line of a module."""
        return dict(self.names).get(name)


class KernelConfigFile(Reading, frozen=True):
    """One kernel configuration. `values`: (option without CONFIG_, "y" or "m" or "n", its line)."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    release: str
    values: tuple[tuple[str, str, Place], ...]
    whole: bool
    place: Place


PRIVATE_MEMORY_OPTIONS = ("KVM_PRIVATE_MEM", "KVM_GENERIC_PRIVATE_MEM", "KVM_GUEST_MEMFD", "KVM_SW_PROTECTED_VM")
"""Any of them brings guest_memfd: its name has changed with the kernel's versions (amd-host 5.1 #16)."""


class KernelConfig(Fact, frozen=True):
    """How the kernel that runs was built: only the options that matter here."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    release: str
    values: tuple[tuple[str, str, Place], ...]
    whole: bool
    place: Place

    def get(self, name: str) -> str | None:
        """ "y", "m" or "n"; an option that a whole configuration does not name is "n"; None where that is not known."""
        found = next((value for option, value, _ in self.values if option == name), None)
        return found or ("n" if self.whole else None)

    def left_out(self, names: tuple[str, ...]) -> str | None:
        """The first of these options that a line says is not set; None where one of them is on, or none has a line."""
        lines = {option: value for option, value, _ in self.values if option in names}
        return None if "y" in lines.values() else next((name for name in names if name in lines), None)

    def place_of(self, name: str) -> Place:
        """The option's line, or the file as the proof that it is not set."""
        missing = Place(self.place.path, note=f"does not set CONFIG_{name}", source=self.place.source)
        return next((place for option, _, place in self.values if option == name), missing)


class ModuleState(Struct, frozen=True):
    """Whether a module's code runs in this kernel; `present` is None where nothing tells."""

    present: bool | None
    built_in: bool
    place: Place | None


class HostModules(Fact, frozen=True):
    """The two modules that SEV lives in."""

    LEVEL: ClassVar[Level] = Level.HOST
    kvm_amd: ModuleState
    ccp: ModuleState


class ModuleBlock(Struct, frozen=True):
    """A line or option that keeps a module from being loaded.

    `fatal`: it holds for whoever asks; a plain blacklist only stops the loading by hardware alias (amd-host 3).
    """

    module: str
    text: str
    where: str
    fatal: bool
    place: Place

    @property
    def remedy(self) -> Remedy:
        """Take it away."""
        if self.where == CMDLINE:
            return boot_option.remove(self.text)
        return Remedy(f"remove `{self.text}` {self.where}", needs=Needs.REBOOT)


class ModuleBlocks(Fact, frozen=True):
    """What keeps kvm_amd or ccp from being loaded, on the command line and in modprobe.d."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[ModuleBlock, ...]
    place: Place
    """The command line."""

    def of(self, module: str) -> tuple[ModuleBlock, ...]:
        """Those of one module."""
        return tuple(one for one in self.items if one.module == module)


class Asked(Struct, frozen=True):
    """One place that asks for a module parameter's value."""

    option: Option
    where: str
    """"on the kernel command line", or "in" and the path of a modprobe.d file."""
    when: str = ""
    """The boots that it is kept for; "" where it holds already."""

    @property
    def remedy(self) -> Remedy:
        """Take it away."""
        if self.where == CMDLINE:
            return boot_option.remove(self.option.text)
        return Remedy(f"remove `{self.option.text}` {self.where} and reload the module", needs=Needs.RELOAD)


class ModuleRequest(Struct, frozen=True):
    """Every request for one parameter, modprobe.d before the command line, and the outcome where it was collected."""

    module: str
    parameter: str
    asked: tuple[Asked, ...]
    outcome: ModuleParameter | None


class ModuleRequests(Fact, frozen=True):
    """What is asked of the parameters that SEV, SEV-ES and SEV-SNP depend on."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[ModuleRequest, ...]
    place: Place
    """The command line."""

    def get(self, module: str, parameter: str) -> ModuleRequest | None:
        """The requests for one parameter."""
        return next((one for one in self.items if (one.module, one.parameter) == (module, parameter)), None)


class PendingBreak(Struct, frozen=True):
    """A line of modprobe.d that breaks what runs now. `parameter` is "" where it keeps the whole module out."""

    module: str
    parameter: str
    text: str
    place: Place
    now: Place | None
    """What proves that it does not hold yet; None where that was not collected."""
    fatal: bool = True
    """It holds for whoever loads the module; else only for the loading by hardware alias."""

    def breaks(self, goal: Goal) -> bool:
        """Whether a goal does not survive it."""
        return breaks(self.module, self.parameter, goal) if self.parameter else goal in AMD_SEV

    @property
    def message(self) -> str:
        """What will happen, and to which goals."""
        what = f"the next load of {self.module} will meet" if self.fatal else f"{self.module} will not load by itself:"
        broken = name_goals(one for one in Goal if self.breaks(one))
        return f"{what} `{self.text}` in {self.place.path}, which breaks {broken}"

    @property
    def remedy(self) -> Remedy:
        """Take it away, in the initramfs too."""
        file = self.place.path
        return Remedy(f"remove `{self.text}` from {file}, and build the initramfs anew if it holds the file")


class PendingBreaks(Fact, frozen=True):
    """What the next load of kvm_amd, kvm or ccp will break."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[PendingBreak, ...]

    def of(self, goal: Goal) -> PendingBreak | None:
        """The one of a goal that says most: what is proved not to hold yet, before what may hold already."""
        mine = [one for one in self.items if one.breaks(goal)]
        return next((one for one in mine if one.now is not None), mine[0] if mine else None)


class InvalidOption(Struct, frozen=True):
    """A value that a module cannot read, so that the module is not loaded."""

    module: str
    parameter: str
    value: str
    asked: Asked | None
    """What asks for it; None where only the kernel's line tells."""
    proof: Place | None
    """The kernel's line, or the list of modules without this one."""
    said: bool
    """The kernel's own line names the parameter."""
    remedy: Remedy

    @property
    def text(self) -> str:
        """The option as it is written."""
        return self.asked.option.text if self.asked is not None else f"{self.parameter}={self.value}"

    @property
    def message(self) -> str:
        """What cannot be read, and what comes of it."""
        if self.asked is None:
            return f"{self.module} could not read `{self.text}`, and a module that cannot is not loaded"
        where = self.asked.where
        return f"{self.module} cannot read `{self.text}` {where}, and a module that cannot is not loaded"

    @property
    def places(self) -> tuple[Place, ...]:
        """The option, then the proof."""
        asked = self.asked.option.place if self.asked is not None else None
        return tuple(one for one in (asked, self.proof) if one is not None)


class InvalidOptions(Fact, frozen=True):
    """Values that kvm_amd, kvm or ccp could not read in this boot."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[InvalidOption, ...]
    doubt: Open | None
    """Why there may be more."""
    loaded: Place | None
    """kvm_amd, which is loaded: it could read them."""
    place: Place
    """The command line."""


class NextBootChange(Struct, frozen=True):
    """What the next boot has, or lacks, and this one does not, to the harm of `goal`.

    `goals` are all that it harms: the same words whichever goal is judged, so that one fault is one finding.
    """

    goal: Goal
    goals: tuple[Goal, ...]
    when: str
    texts: tuple[str, ...]
    places: tuple[Place, ...]
    comes: bool
    """It has them; else it lacks them."""
    certain: bool = True

    @property
    def message(self) -> str:
        """What changes, and why that matters."""
        words = f"`{' '.join(self.texts)}`"
        if self.comes:
            verb = "break" if len(self.texts) > 1 else "breaks"
            return f"{self.when} will run with {words}, which {verb} {name_goals(self.goals)}; this one does not"
        if not self.certain:
            return f"{self.when} will run without {words}, which {name_goals(self.goals)} may need on this host"
        return f"{self.when} will run without {words}, which this host needs for {name_goals(self.goals)}"

    @property
    def remedy(self) -> Remedy:
        """Let it be as it is now."""
        return boot_option.remove(*self.texts) if self.comes else boot_option.add(*self.texts)


class NextBootChanges(Fact, frozen=True):
    """The harm that the next boot's command line does; what comes stands before what is lost."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[NextBootChange, ...]

    def of(self, goal: Goal) -> NextBootChange | None:
        """The first one of a goal."""
        return next((one for one in self.items if one.goal is goal), None)


def name_goals(goals: Iterable[Goal]) -> str:
    """ "sev, sev-es and sev-snp"."""
    *first, last = (goal.value for goal in goals)
    return f"{', '.join(first)} and {last}" if first else last


class IgnoredOption(Struct, frozen=True):
    """An option that changes nothing in this kernel, and why; `kept`: what of it does something ("" for nothing)."""

    asked: Asked
    why: str
    kept: str = ""
    places: tuple[Place, ...] = ()
    """Everywhere it stands, in this boot and in what is kept for the next."""

    @property
    def message(self) -> str:
        """What stands where, and why it does nothing."""
        asked = self.asked
        where = f"comes with {asked.when} and" if asked.when else asked.where
        return f"`{asked.option.text}` {where} does nothing: {self.why}"

    @property
    def remedy(self) -> Remedy:
        """Take away what does nothing."""
        return boot_option.replace(self.asked.option.text, self.kept) if self.kept else self.asked.remedy


class IgnoredOptions(Fact, frozen=True):
    """Options of guides that do nothing, in this boot or from the next on (amd-host 3, 9)."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[IgnoredOption, ...]
    undecided: tuple[tuple[Option, str], ...]
    """Options that may do nothing, with the evidence that would tell."""
    place: Place
    """The command line."""

"""Modules and their options in this boot: loaded, built in, blocked, asked for, ignored (amd-host 3, 4.1)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.facts.kernel import ModuleParameter, Option
from sevlint.facts.options import breaks
from sevlint.model import AMD_SEV, Goal, Level, Needs, Place, Remedy, boot_option

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

    def breaks(self, goal: Goal) -> bool:
        """Whether a goal does not survive it."""
        return breaks(self.module, self.parameter, goal) if self.parameter else goal in AMD_SEV


class PendingBreaks(Fact, frozen=True):
    """What the next load of kvm_amd, kvm or ccp will break."""

    LEVEL: ClassVar[Level] = Level.HOST
    items: tuple[PendingBreak, ...]


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

"""Kernel command line, module parameters, versions and boot configuration (amd-host 3, 4; snapshots 5.5)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.model import Gap, Goal, Level, Needs, Open, Pass, Place, Remedy, boot_option

TRUE_WORDS = frozenset({"1", "y", "yes", "on", "true", "t"})
FALSE_WORDS = frozenset({"0", "n", "no", "off", "false", "f"})
SEV_ON_BY_DEFAULT = (5, 13)
"""The first kernel whose kvm_amd has SEV and SEV-ES on unless told otherwise (amd-host 3)."""


class Option(Struct, frozen=True):
    """One word of a command line or of a modprobe.d `options` line.

    `name` has every `-` turned into `_` (the kernel treats them alike in parameter names); `value` is None for a bare
    word, without quotes otherwise; `text` is the option as it stands in the file.
    """

    name: str
    value: str | None
    place: Place
    text: str

    @property
    def is_true(self) -> bool:
        """As the kernel parses a bool; a bare word is true."""
        return self.value is None or self.value.lower() in TRUE_WORDS

    @property
    def is_false(self) -> bool:
        """As the kernel parses a bool."""
        return self.value is not None and self.value.lower() in FALSE_WORDS


class Options(Struct, frozen=True):
    """Options in the order of the line; what follows ` -- ` is not among them."""

    items: tuple[Option, ...]

    def all(self, name: str) -> tuple[Option, ...]:
        """Every occurrence of an option, `-` and `_` alike."""
        wanted = name.replace("-", "_")
        return tuple(option for option in self.items if option.name == wanted)

    def last(self, name: str) -> Option | None:
        """The occurrence that counts: the last one wins."""
        found = self.all(name)
        return found[-1] if found else None

    def token(self, name: str, token: str) -> Option | None:
        """The last occurrence of an accumulating option (`iommu=`, `amd_iommu=`) with this comma token."""
        for option in reversed(self.all(name)):
            if option.value is not None and token in option.value.split(","):
                return option
        return None


class CmdlineFile(Reading, frozen=True):
    """/proc/cmdline."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    options: Options
    place: Place


class KernelCmdline(Fact, frozen=True):
    """The command line that this kernel runs with (/proc/cmdline, or the log's `Command line:`)."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    options: Options
    place: Place

    def last(self, name: str) -> Option | None:
        """The occurrence of an option that counts."""
        return self.options.last(name)


class GrubVariable(Struct, frozen=True):
    """One assignment; `head` is what stands before its value: `export GRUB_CMDLINE_LINUX="`."""

    name: str
    appended: bool
    """With `+=`."""
    value: str
    options: Options
    head: str
    quote: str
    """The mark around the whole value: `"`, `'` or "" for none."""
    simple: bool
    """The value ends on this line and is one piece, so that a word can be put at its end."""


class GrubDefault(Reading, frozen=True):
    """/etc/default/grub or a drop-in: what it assigns, in order."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    path: str
    values: tuple[GrubVariable, ...]
    place: Place


class BlsEntry(Reading, frozen=True):
    """One file below /boot/loader/entries; `variables` are the names of `$...` among its options."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    path: str
    title: str
    version: str
    options: Options
    variables: tuple[str, ...]
    place: Place


class GrubEntry(Struct, frozen=True):
    """One `menuentry`: its number as GRUB counts it ("0", "1>2" inside a submenu), title, id, and `linux` options.

    `variables` are the names of `$...` among the options, which are not in `options`.
    """

    number: str
    title: str
    id: str
    options: Options
    variables: tuple[str, ...]


class GrubConfig(Reading, frozen=True):
    """grub.cfg: its menu entries, and `variables` as last set (`default` among them)."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    entries: tuple[GrubEntry, ...]
    variables: tuple[tuple[str, str], ...]
    blscfg: bool
    place: Place


class BootFile(Reading, frozen=True):
    """grubenv (its values, and each read as options) or /etc/kernel/cmdline (its options under the key "")."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    path: str
    values: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, Options], ...]
    place: Place

    def get(self, key: str) -> str:
        """A value of grubenv."""
        return dict(self.values).get(key, "")

    def options_of(self, key: str) -> Options | None:
        """A value read as options."""
        return dict(self.options).get(key)


class BootEntry(Struct, frozen=True):
    """One place where the next boot's command line is kept. `default`: this one boots unless somebody chooses."""

    kind: str
    """"grub-default" (/etc/default/grub), "grub-cfg", "bls", "kernel-cmdline"."""
    title: str
    options: Options
    place: Place
    default: bool
    unresolved: tuple[str, ...] = ()
    """Variables that could not be resolved; the options may lack theirs."""

    @property
    def is_template(self) -> bool:
        """Entries are made from it at the next regeneration."""
        return self.kind in ("grub-default", "kernel-cmdline")

    @property
    def when(self) -> str:
        """The boots that it holds for."""
        return "the next boot" if self.default else "the boots after the next regeneration of the boot entries"


class NextBootCmdline(Fact, frozen=True):
    """What the next boot will run with: every place that says so, those that count marked default."""

    LEVEL: ClassVar[Level] = Level.HOST
    entries: tuple[BootEntry, ...]

    @property
    def counting(self) -> tuple[BootEntry, ...]:
        """The entry that boots, then the templates; what boots only if somebody chooses it is not among them."""
        return tuple(one for one in self.entries if one.default or one.is_template)

    @property
    def doubt(self) -> Open | None:
        """Why an option that is in none of these may come all the same."""
        chosen = [one for one in self.entries if one.default]
        if not chosen:
            wanted = ("boot/grub2/grubenv", "boot/grub2/grub.cfg")
            return Open("which entry the boot loader will choose is not known", wanted)
        names = [f"${name}" for one in chosen for name in one.unresolved]
        if names:
            why = f"the boot loader's options hold {', '.join(names)}, which was not resolved"
            return Open(why, ("boot/grub2/grubenv",))
        if not any(one.is_template for one in self.entries):
            return Open("what the boot entries are made from was not collected", ("etc/default/grub",))
        return None


def lines_of(cmdline: KernelCmdline | None, following: NextBootCmdline | Gap) -> list[tuple[str, Options]]:
    """This boot's options under "", then those kept for the next, under the boots that they hold for."""
    lines = [("", cmdline.options)] if cmdline is not None else []
    return lines if isinstance(following, Gap) else [*lines, *((one.when, one.options) for one in following.counting)]


def in_no_line(because: str, cmdline: KernelCmdline, following: NextBootCmdline | Gap) -> Pass | Open:
    """The verdict where none of `lines_of` has the option: open where the next boot's are not all known."""
    if isinstance(following, Gap):
        return Open("where the next boot's options are kept was not collected", following.wanted)
    return following.doubt or Pass(because, (cmdline.place, *(one.place for one in following.counting)))


class BootSource(Struct, frozen=True):
    """A file that people edit, from which the boot entries are made."""

    path: str
    """As a command names it: "/etc/default/grub"."""
    options: tuple[str, ...]
    """As they stand there."""
    head: str = ""
    quote: str = ""
    takes_more: bool = False
    """A word can be added: at the end of the value that begins behind `head` and ends with `quote`."""


class BootConfig(Fact, frozen=True):
    """How a machine's boot configuration is edited; words remedies.

    `tool`: "grubby", "rpm-ostree", "update-grub", "grub-mkconfig", "grub2-mkconfig", "pbl", "kernel-install",
    "proxmox-boot-tool" or "" (unknown).
    """

    LEVEL: ClassVar[Level] = Level.MACHINE
    tool: str
    sources: tuple[BootSource, ...] = ()
    """What the tool makes the entries from, in reading order; empty where none of it was collected."""
    made: tuple[str, ...] = ()
    """Options of the entries that were made."""


class KernelVersion(Fact, frozen=True):
    """The release that runs. `vendor`: a distribution's kernel, which backports, so numbers prove little."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    release: str
    version: tuple[int, int]
    vendor: bool
    place: Place
    is_32_bit: bool = False


class ModuleParameter(Reading, frozen=True):
    """One file below /sys/module/*/parameters."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    module: str
    name: str
    value: str
    place: Place

    @property
    def is_true(self) -> bool:
        """`Y`, `y` or `1`: kernels before 5.13 print numbers (amd-host 4.1)."""
        return self.value.lower() in TRUE_WORDS

    @property
    def is_false(self) -> bool:
        """`N`, `n` or `0`."""
        return self.value.lower() in FALSE_WORDS


class ModuleParameters(Fact, frozen=True):
    """Every collected module parameter of the modules that matter; the value is the outcome, not the request."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    items: tuple[ModuleParameter, ...]
    unread: tuple[str, ...] = ()
    """Paths of files that are there and could not be read."""

    def get(self, module: str, name: str) -> ModuleParameter | None:
        """One parameter, or None where the file is not there."""
        for item in self.items:
            if item.module == module and item.name == name:
                return item
        return None

    def has(self, module: str) -> bool:
        """Whether any parameter of the module was collected."""
        return any(item.module == module for item in self.items)

    def lists(self, module: str) -> bool:
        """Whether the module's parameters were collected as a whole, so that a missing one proves something.

        A few files copied by hand prove nothing: `nested` has been there in every kernel that knows SEV or TDX, and
        more than two parameters beside it.
        """
        count = sum(item.module == module for item in self.items)
        unread = any(f"/{module}/" in path for path in self.unread)
        return self.get(module, "nested") is not None and count > 2 and not unread


class SevParameters(Fact, frozen=True):
    """What KVM decided (amd-host 0): kvm_amd's `sev`, `sev_es`, `sev_snp` after load.

    `sev_es`/`sev_snp` are None where the module has no such parameter: the kernel cannot host that technology.
    A Gap where no parameter of kvm_amd was collected.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    sev: ModuleParameter | None
    sev_es: ModuleParameter | None
    sev_snp: ModuleParameter | None
    place: Place
    """The parameters' directory."""


class KvmDecision(Struct, frozen=True):
    """What KVM made of one technology at its last load: the parameter, else KVM's own line in the kernel log.

    `offers` is None where that is not proven: `doubt` says why, and `wanted` what would tell.
    """

    offers: bool | None
    place: Place
    value: str = ""
    doubt: str = ""
    wanted: tuple[str, ...] = ()

    @property
    def unproven(self) -> Open:
        """The verdict where nothing proves it."""
        return Open(self.doubt, self.wanted)


class SevDecisions(Fact, frozen=True):
    """KVM's decision for each technology (amd-host 0 outcome, 5.1); None where this kernel's kvm_amd knows it not."""

    LEVEL: ClassVar[Level] = Level.HOST
    sev: KvmDecision | None
    sev_es: KvmDecision | None
    sev_snp: KvmDecision | None

    def of(self, goal: Goal) -> KvmDecision | None:
        """The decision for guests of this goal."""
        return {Goal.SEV: self.sev, Goal.SEV_ES: self.sev_es, Goal.SEV_SNP: self.sev_snp}.get(goal)


class OffSwitch(Struct, frozen=True):
    """An option that asks kvm_amd for `parameter` (sev, sev_es, sev_snp) off.

    `counts` is False where KVM has it on all the same, and None where another option asks for on and the outcome was
    not collected.
    """

    parameter: str
    option: Option
    where: str
    """"on the kernel command line", or "in" and the path of a modprobe.d file."""
    counts: bool | None

    @property
    def doubt(self) -> Open:
        """The verdict about a switch that may not count."""
        asks = f"`{self.option.text}` {self.where} asks for off"
        if self.counts is False:
            return Open(f"{asks}, and KVM has it on: two boots?")
        wanted = (f"sys/module/kvm_amd/parameters/{self.parameter}",)
        return Open(f"{asks}, another option for on, and the outcome was not collected", wanted)

    def remedy(self, kernel: KernelVersion | None) -> Remedy:
        """As `turn_on` has it."""
        return turn_on(self.parameter, self.option, self.where, kernel)


def turn_on(parameter: str, option: Option, where: str, kernel: KernelVersion | None) -> Remedy:
    """Take away what asks kvm_amd's sev, sev_es or sev_snp for something else than on.

    Before Linux 5.13 that is not enough, as SEV and SEV-ES must be asked for (amd-host 3).
    """
    text, module_option = option.text, f"{parameter}=1"
    must_ask = kernel is not None and kernel.version < SEV_ON_BY_DEFAULT and parameter != "sev_snp"
    if where.startswith("on "):
        return boot_option.replace(text, f"kvm_amd.{module_option}") if must_ask else boot_option.remove(text)
    change = f"write `{module_option}` for `{text}`" if must_ask else f"remove `{text}`"
    return Remedy(f"{change} {where} and reload kvm_amd", needs=Needs.RELOAD)


def ask_for(parameter: str, kernel: KernelVersion | None) -> Remedy | None:
    """`kvm_amd.PARAMETER=1`, where the kernel has it off unless asked; None for kernels that have it on."""
    if kernel is None or kernel.version >= SEV_ON_BY_DEFAULT:
        return None
    return boot_option.add(f"kvm_amd.{parameter}=1")


class SevSwitches(Fact, frozen=True):
    """Every option that asks kvm_amd for sev, sev_es or sev_snp off (amd-host 3, 9.24).

    Within one place the last occurrence counts; between the command line and modprobe.d the outcome decides.
    """

    LEVEL: ClassVar[Level] = Level.HOST
    off: tuple[OffSwitch, ...]
    place: Place
    """The command line."""


class ModprobeLine(Struct, frozen=True):
    """One line of modprobe.d. `verb`: options, blacklist, install, softdep; `text` is the line as written."""

    verb: str
    module: str
    options: Options
    rest: str
    text: str
    place: Place


class ModprobeFile(Reading, frozen=True):
    """One modprobe.d file."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    lines: tuple[ModprobeLine, ...]
    place: Place


class ModprobeConfig(Fact, frozen=True):
    """All of modprobe.d that counts: a file name in /etc masks the same name elsewhere; lines in reading order."""

    LEVEL: ClassVar[Level] = Level.HOST
    lines: tuple[ModprobeLine, ...]

    def disabled(self, module: str) -> ModprobeLine | None:
        """An `install` line that runs `false` or `true` in place of loading the module (amd-host 3)."""
        for line in self.lines:
            command = line.rest.split()[0].rsplit("/", 1)[-1] if line.rest.split() else ""
            if line.verb == "install" and line.module == module and command in ("false", "true"):
                return line
        return None

    def last(self, module: str, name: str) -> Option | None:
        """The `options` value that counts for a module's parameter."""
        found: Option | None = None
        for line in self.lines:
            if line.verb == "options" and line.module == module.replace("-", "_"):
                found = line.options.last(name) or found
        return found

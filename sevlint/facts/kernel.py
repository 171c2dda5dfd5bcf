"""Kernel command line, module parameters, versions and boot configuration (amd-host 3, 4; snapshots 5.5)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sevlint.facts.base import Fact, Reading
from sevlint.model import Level, Place

TRUE_WORDS = frozenset({"1", "y", "yes", "on", "true", "t"})
FALSE_WORDS = frozenset({"0", "n", "no", "off", "false", "f"})


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


class GrubDefault(Reading, frozen=True):
    """/etc/default/grub or a drop-in; `values`: (variable, appended with +=, value, its options), in order."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    values: tuple[tuple[str, bool, str, Options], ...]
    place: Place


class BlsEntry(Reading, frozen=True):
    """One file below /boot/loader/entries; `variables` are the names of `$...` among its options."""

    LEVEL: ClassVar[Level] = Level.HOST
    path: str
    title: str
    version: str
    options: Options
    variables: tuple[str, ...]
    place: Place


class GrubConfig(Reading, frozen=True):
    """grub.cfg: `entries` are (title, options without variables, variables) of each `linux` line."""

    LEVEL: ClassVar[Level] = Level.HOST
    entries: tuple[tuple[str, Options, tuple[str, ...]], ...]
    variables: tuple[tuple[str, str], ...]
    blscfg: bool
    place: Place


class BootFile(Reading, frozen=True):
    """grubenv (its values, and each read as options) or /etc/kernel/cmdline (its options under the key "")."""

    LEVEL: ClassVar[Level] = Level.HOST
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


class NextBootCmdline(Fact, frozen=True):
    """What the next boot will run with: every place that says so, those that count marked default."""

    LEVEL: ClassVar[Level] = Level.HOST
    entries: tuple[BootEntry, ...]


class BootConfig(Fact, frozen=True):
    """How this host's boot configuration is edited; words remedies.

    `tool`: "grubby", "update-grub", "grub2-mkconfig", "pbl", "kernel-install", "proxmox-boot-tool" or "" (unknown).
    """

    LEVEL: ClassVar[Level] = Level.HOST
    tool: str


class KernelVersion(Fact, frozen=True):
    """The release that runs. `vendor`: a distribution's kernel, which backports, so numbers prove little."""

    LEVEL: ClassVar[Level] = Level.MACHINE
    release: str
    version: tuple[int, int]
    vendor: bool
    place: Place


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

        A few files copied by hand prove nothing; `nested` has been there in every kernel that knows SEV or TDX.
        """
        return self.get(module, "nested") is not None


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


class ModprobeLine(Struct, frozen=True):
    """One line of modprobe.d. `verb`: options, blacklist, install, softdep."""

    verb: str
    module: str
    options: Options
    rest: str
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

    def last(self, module: str, name: str) -> Option | None:
        """The `options` value that counts for a module's parameter."""
        found: Option | None = None
        for line in self.lines:
            if line.verb == "options" and line.module == module.replace("-", "_"):
                found = line.options.last(name) or found
        return found

"""The kinds that sevlint ships: `kernel-param` and `sysfs-value` (architecture 5).

No variables, no and/or, no expressions: a rule that wants an `if` becomes Python.
"""

from __future__ import annotations

from sevlint.declared.base import Declared
from sevlint.facts.kernel import FALSE_WORDS, TRUE_WORDS, KernelCmdline, ModuleParameters
from sevlint.model import Fail, Gap, NotApplicable, Open, Pass, Remedy, Verdict, boot_option
from sevlint.rule import How, Want


class KernelParam(Declared, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """An option of the running command line that is bad when present with one of these values.

    `values`: "any", "true", "false" (as the kernel parses a bool) or exact texts. `remove`: the remedy removes it.
    """

    option: str
    values: tuple[str, ...]
    remove: bool = True

    def wants(self) -> tuple[Want, ...]:
        """The running command line."""
        return (Want("cmdline", KernelCmdline, How.REQUIRED),)

    def judge(self, cmdline: KernelCmdline) -> Verdict:
        """Fail at the occurrence that counts."""
        option = cmdline.last(self.option)
        if option is not None and any(_fits(value, option.value) for value in self.values):
            remedy = boot_option.remove(option.text) if self.remove else Remedy(self.fix)
            return Fail(self.message, (option.place,), remedy=remedy, value=option.text)
        return Pass(f"the command line does not ask for it ({self.option})", (cmdline.place,))


class SysfsValue(Declared, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A module parameter that is bad with one of these values (as in `kernel-param`)."""

    file: str
    values: tuple[str, ...]

    def check(self) -> None:
        """The file must be one that a parser reads."""
        self.parts()

    def parts(self) -> tuple[str, str]:
        """Module and parameter. Raises ValueError for a file that no parser reads."""
        words = self.file.split("/")
        if len(words) != 5 or words[:2] != ["sys", "module"] or words[3] != "parameters":
            raise ValueError(f"file: {self.file!r} is not of the form sys/module/MODULE/parameters/NAME")
        if words[2] not in ("kvm", "kvm_amd", "kvm_intel", "ccp"):
            raise ValueError(f"file: the parameters of {words[2]!r} are not collected")
        return words[2], words[4]

    def wants(self) -> tuple[Want, ...]:
        """Every collected module parameter."""
        return (Want("parameters", ModuleParameters, How.GAP),)

    def judge(self, parameters: ModuleParameters | Gap) -> Verdict:
        """Fail on the value; a file that was not collected is Open, a module that is not there is not judged."""
        if isinstance(parameters, Gap):
            return Open("no module parameter was collected", (self.file.rpartition("/")[0] + "/*",))
        module, name = self.parts()
        found = parameters.get(module, name)
        if found is None and not parameters.has(module):
            return Open(f"no parameter of {module} was collected", (f"sys/module/{module}/parameters/*",))
        if found is None:
            return NotApplicable(f"this kernel's {module} has no parameter {name}")
        if any(_fits(value, found.value) for value in self.values):
            return Fail(self.message, (found.place,), remedy=Remedy(self.fix), value=found.value)
        return Pass(f"{name} reads {found.value}", (found.place,))


def _fits(wanted: str, value: str | None) -> bool:
    if wanted == "any":
        return True
    if wanted == "true":
        return value is None or value.lower() in TRUE_WORDS
    if wanted == "false":
        return value is not None and value.lower() in FALSE_WORDS
    return value == wanted


KINDS: dict[str, type[Declared]] = {"kernel-param": KernelParam, "sysfs-value": SysfsValue}

"""Words a Remedy for the distribution at hand (architecture 3: remedies are data, worded when a Finding is built)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevlint.facts.kernel import BootConfig, BootSource
from sevlint.model import BootOption, Command, Edit, Fix, Needs, Remedy, Upgrade

if TYPE_CHECKING:
    from sevlint.facts.platform import OsRelease

_REGENERATE = {
    "update-grub": "update-grub",
    "grub-mkconfig": "grub-mkconfig -o /boot/grub/grub.cfg",
    "grub2-mkconfig": "grub2-mkconfig -o /boot/grub2/grub.cfg",
    "pbl": "update-bootloader --refresh",
    "kernel-install": 'kernel-install add "$(uname -r)" "/usr/lib/modules/$(uname -r)/vmlinuz"',
    "proxmox-boot-tool": "proxmox-boot-tool refresh",
}
_DEBIAN_KERNEL = 'kernel-install add "$(uname -r)" "/boot/vmlinuz-$(uname -r)"'
_ASSUMED = {
    "grub": BootSource("/etc/default/grub", (), 'GRUB_CMDLINE_LINUX="', '"', True),
    "": BootSource("/etc/kernel/cmdline", (), takes_more=True),
}
"""Where none of a tool's files was collected: what distributions ship."""
_PLAIN = re.compile(r"[\w.,=:/+-]+")
"""Options come from the input, and commands are pasted into root shells: anything else is told, not typed."""
_BEFORE = r"\(^\|[^[:alnum:]_.,=-]\|LINUX+\?=\|DEFAULT+\?=\)"
_BEHIND = r"\([^[:alnum:]_.,=-]\|$\)"
"""What stands around a whole option: `sev=1` is no part of `kvm_amd.sev=1`, but all of `GRUB_CMDLINE_LINUX=sev=1`."""


def word(remedy: Remedy, os: OsRelease | None, boot: BootConfig | None) -> Fix:
    """The remedy as text and commands; plain text where the distribution is not known."""
    action = remedy.action
    text, fragment = remedy.text, ""
    commands: tuple[str, ...] = ()
    if isinstance(action, BootOption):
        commands, doubt = _boot_commands(action, boot or BootConfig(""), os)
        text = f"{text}; {doubt}" if doubt else text
    elif isinstance(action, Command):
        commands = action.lines
    elif isinstance(action, Edit):
        fragment = action.fragment
    elif isinstance(action, Upgrade) and os is not None:
        text = f"{text} (this is {os.pretty_name or os.id})"
    if remedy.needs not in (Needs.NONE, Needs.BIOS):
        text = f"{text}; it takes {remedy.needs.value}"
    safe = isinstance(action, Edit) and action.safe and bool(action.changes)
    return Fix(text, commands, fragment, remedy.needs, remedy.risk, safe)


def _boot_commands(action: BootOption, boot: BootConfig, os: OsRelease | None) -> tuple[tuple[str, ...], str]:
    """What to paste, and what to say where that cannot be typed or does not do all of it."""
    tool = boot.tool
    if not tool or not all(_PLAIN.fullmatch(option) for option in (*action.remove, *action.add)):
        return (), ""
    if tool == "grubby":
        arguments = []
        if action.remove:
            arguments.append(f'--remove-args="{" ".join(action.remove)}"')
        if action.add:
            arguments.append(f'--args="{" ".join(action.add)}"')
        return (f"grubby --update-kernel=ALL {' '.join(arguments)}",), ""
    if tool == "rpm-ostree":
        removals = [f"--delete={option}" for option in action.remove]
        return (f"rpm-ostree kargs {' '.join((*removals, *(f'--append={option}' for option in action.add)))}",), ""
    if tool == "pbl":
        removals = [f"pbl --del-option {option}" for option in action.remove]
        return (*removals, *(f"pbl --add-option {option}" for option in action.add), _REGENERATE[tool]), ""
    is_debian = os is not None and os.is_like("debian", "ubuntu")
    regenerate = _DEBIAN_KERNEL if tool == "kernel-install" and is_debian else _REGENERATE[tool]
    if not boot.sources:
        source = _ASSUMED["grub" if "grub" in tool else ""]
        return (_sed(source, action.remove, action.add), regenerate), ""
    return _edits(action, boot, regenerate)


def _edits(action: BootOption, boot: BootConfig, regenerate: str) -> tuple[tuple[str, ...], str]:
    """Edits of the files that hold what goes, and of the one that takes what comes; no edit that changes nothing."""
    sources, paths = boot.sources, " and ".join(source.path for source in boot.sources)
    if action.add and not any(source.takes_more for source in sources):
        return (), f"no command is given, as the lines of {paths} are not of a form that it could edit"
    strange = [one for one in action.remove if not any(one in source.options for source in sources)]
    doubt = ""
    if any(option not in boot.made for option in strange):
        doubt = f"{', '.join(f'`{option}`' for option in strange)} is not in {paths}: look for what adds it"
    elif strange:
        doubt = f"it is not in {paths}, so entries that are made anew lack it"
    seds = []
    for source in sources:
        remove = tuple(option for option in action.remove if option in source.options)
        add = action.add if source.takes_more else ()
        if remove or add:
            seds.append(_sed(source, remove, add))
    return (*seds, regenerate) if seds or all(option in boot.made for option in strange) else (), doubt


def _sed(source: BootSource, remove: tuple[str, ...], add: tuple[str, ...]) -> str:
    edits = [_removal(source, option) for option in remove]
    edits += [_addition(source, option) for option in add]
    return f"sed -i.bak '{'; '.join(edits)}' {source.path}"


def _removal(source: BootSource, option: str) -> str:
    """Once more for as long as it is there: two that stand side by side share the blank that ends the first."""
    edit = rf"s#{_BEFORE}{_escaped(option)}{_BEHIND}#\1\2#"
    return f":a; {edit}; ta" if source.options.count(option) > 1 else f"{edit}g"


def _addition(source: BootSource, option: str) -> str:
    """The word goes to the end of the value: of an option that is given twice the last counts."""
    if not source.head:
        return f"1s#$# {option}#"
    head = re.sub(r"\s+", r"[[:blank:]]*", source.head)
    if not source.quote:
        return rf's#^\({head}\)\([^[:blank:];]*\)#\1"\2 {option}"#'
    quote = source.quote.replace("'", r"\x27")  # as GNU sed reads it: the whole expression stands in single quotes
    head = head.replace("'", r"\x27")
    return rf"s#^\({head}[^{quote}]*\){quote}#\1 {option}{quote}#"


def _escaped(option: str) -> str:
    """As a basic regular expression."""
    return option.replace(".", r"\.")

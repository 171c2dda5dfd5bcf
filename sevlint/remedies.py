"""Words a Remedy for the distribution at hand (architecture 3: remedies are data, worded when a Finding is built)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevlint.model import BootOption, Command, Edit, Fix, Needs, Remedy, Upgrade

if TYPE_CHECKING:
    from sevlint.facts.kernel import BootConfig
    from sevlint.facts.platform import OsRelease

_REGENERATE = {
    "update-grub": "update-grub",
    "grub-mkconfig": "grub-mkconfig -o /boot/grub/grub.cfg",
    "grub2-mkconfig": "grub2-mkconfig -o /boot/grub2/grub.cfg",
    "pbl": "update-bootloader --refresh",
    "kernel-install": 'kernel-install add "$(uname -r)" "/usr/lib/modules/$(uname -r)/vmlinuz"',
    "proxmox-boot-tool": "proxmox-boot-tool refresh",
}
_PLAIN = re.compile(r"[\w.,=:/+-]+")
"""Options come from the input, and commands are pasted into root shells: anything else is told, not typed."""
_BEFORE = r"\(^\|[^[:alnum:]_.,=-]\)"
_BEHIND = r"\([^[:alnum:]_.,=-]\|$\)"
"""What stands around a whole option: `sev=1` is no part of `kvm_amd.sev=1`."""


def word(remedy: Remedy, os: OsRelease | None, boot: BootConfig | None) -> Fix:
    """The remedy as text and commands; plain text where the distribution is not known."""
    action = remedy.action
    text, fragment = remedy.text, ""
    commands: tuple[str, ...] = ()
    if isinstance(action, BootOption):
        commands = _boot_commands(action, boot.tool if boot else "")
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


def _boot_commands(action: BootOption, tool: str) -> tuple[str, ...]:
    if not tool or not all(_PLAIN.fullmatch(option) for option in (*action.remove, *action.add)):
        return ()
    if tool == "grubby":
        arguments = []
        if action.remove:
            arguments.append(f'--remove-args="{" ".join(action.remove)}"')
        if action.add:
            arguments.append(f'--args="{" ".join(action.add)}"')
        return (f"grubby --update-kernel=ALL {' '.join(arguments)}",)
    if tool == "rpm-ostree":
        removals = [f"--delete={option}" for option in action.remove]
        return (f"rpm-ostree kargs {' '.join((*removals, *(f'--append={option}' for option in action.add)))}",)
    if tool == "pbl":
        removals = [f"pbl --del-option {option}" for option in action.remove]
        return (*removals, *(f"pbl --add-option {option}" for option in action.add), _REGENERATE[tool])
    in_grub = tool in ("update-grub", "grub-mkconfig", "grub2-mkconfig")
    file = "/etc/default/grub" if in_grub else "/etc/kernel/cmdline"
    edits = [rf"s#{_BEFORE}{_escaped(option)}{_BEHIND}#\1\2#g" for option in action.remove]
    edits += [
        rf's#^\(GRUB_CMDLINE_LINUX="[^"]*\)"#\1 {option}"#' if in_grub else f"1s#$# {option}#" for option in action.add
    ]
    return (f"sed -i.bak '{'; '.join(edits)}' {file}", _REGENERATE[tool])


def _escaped(option: str) -> str:
    """As a basic regular expression."""
    return option.replace(".", r"\.")

"""Words a Remedy for the distribution at hand (architecture 3: remedies are data, worded when a Finding is built)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.model import BootOption, Command, Edit, Fix, Needs, Remedy, Upgrade

if TYPE_CHECKING:
    from sevlint.facts.kernel import BootConfig
    from sevlint.facts.platform import OsRelease

_REGENERATE = {
    "update-grub": "update-grub",
    "grub2-mkconfig": "grub2-mkconfig -o /boot/grub2/grub.cfg",
    "pbl": "update-bootloader --refresh",
    "kernel-install": "kernel-install add-all",
    "proxmox-boot-tool": "proxmox-boot-tool refresh",
}


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
    return Fix(text, commands, fragment, remedy.needs, remedy.risk)


def _boot_commands(action: BootOption, tool: str) -> tuple[str, ...]:
    if tool == "grubby":
        arguments = []
        if action.remove:
            arguments.append(f'--remove-args="{" ".join(action.remove)}"')
        if action.add:
            arguments.append(f'--args="{" ".join(action.add)}"')
        return (f"grubby --update-kernel=ALL {' '.join(arguments)}",)
    if tool == "pbl":
        removals = [f"pbl --del-option {option}" for option in action.remove]
        return (*removals, *(f"pbl --add-option {option}" for option in action.add), _REGENERATE[tool])
    if tool in ("kernel-install", "proxmox-boot-tool"):
        return ("edit /etc/kernel/cmdline", _REGENERATE[tool])
    if tool:
        return ("edit GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub", _REGENERATE[tool])
    return ()

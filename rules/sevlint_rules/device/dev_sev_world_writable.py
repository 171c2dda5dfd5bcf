"""Everybody may write to /dev/sev.

Why    A writable descriptor is all that commands such as FACTORY_RESET and PEK_GEN ask for: any local user can destroy
       the platform's keys.
Fix    Use `KERNEL=="sev", GROUP="kvm", MODE="0660"` in a udev rule; libvirt 5.1 and newer needs no rule at all.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 4.3 rights, 4.3 udev rule, 9 #11)
"""

import shlex

from sevlint.api import AMD_SEV, Command, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.amd import DevSev, DevSevUdev

_WORLD_WRITE = 0o002


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(device: DevSev | None, udev: DevSevUdev | None) -> Verdict:
    winner = udev.winner if udev is not None else None
    by_rule = winner is not None and _is_open(winner.mode)
    by_mode = device is not None and device.mode is not None and bool(device.mode & _WORLD_WRITE)
    if by_rule or by_mode:
        places = [winner.place] if by_rule and winner is not None else []
        places += [device.place] if by_mode and device is not None else []
        lines = ["chmod 0660 /dev/sev"]
        text = "take the right from others"
        if by_rule and winner is not None:
            text = f'write MODE="0660" in {winner.file}'
            line, file = winner.place.line or "", shlex.quote(f"/{winner.file}")
            edit = f"""sed -i '{line}s/MODE\\(:\\?=\\)"{winner.mode}"/MODE\\1"0660"/' {file}"""
            lines = [edit, "udevadm control --reload", "udevadm trigger /dev/sev"]
        mode = winner.mode if by_rule and winner is not None else f"{device.mode:04o}" if device and device.mode else ""
        later = device is not None and device.mode is not None and not by_mode
        because = (
            "from the next boot on everybody may write to /dev/sev" if later else "everybody may write to /dev/sev"
        )
        return Fail(because, tuple(places), remedy=Remedy(text, Command(tuple(lines))), value=mode)
    if device is None:
        return Open("/dev/sev was not collected", ("cmd/ls-dev",))
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    if device.mode is None:
        return Open("the mode of /dev/sev was not collected", ("cmd/ls-dev",))
    return Pass(f"mode {device.mode:04o}", (device.place,))


def _is_open(mode: str) -> bool:
    return mode.isdigit() and set(mode) <= set("01234567") and bool(int(mode, 8) & _WORLD_WRITE)

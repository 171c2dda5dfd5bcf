"""Everybody may write to /dev/sev.

Why    A writable descriptor is all that commands such as FACTORY_RESET and PEK_GEN ask for: any local user can destroy
       the platform's keys.
Fix    Use `KERNEL=="sev", GROUP="kvm", MODE="0660"` in a udev rule; libvirt 5.1 and newer needs no rule at all. Mode
       0666, which some guides set by chmod or by a rule, is too wide.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 4.3 rights, 4.3 udev rule, 9 #11); libvirt:
       src/qemu/qemu_namespace.c (libvirt-qemu 4.4 chmod 666)

A rule that is for other devices too, such as `KERNEL=="sev|kvm"`, is left for a human to part.

It reads the device's mode, and what udev (`MODE=`, or a `chmod` that a rule runs) and tmpfiles.d will make of it.
"""

import shlex

from sevlint.api import AMD_SEV, Command, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.amd import BootMode, DevSev, DevSevAtBoot

_WORLD_WRITE = 0o002


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(device: DevSev | None, boot: DevSevAtBoot | None) -> Verdict:
    made = boot.mode if boot is not None and boot.mode is not None and boot.mode.mode & _WORLD_WRITE else None
    by_mode = device is not None and device.mode is not None and bool(device.mode & _WORLD_WRITE)
    if made is not None or by_mode:
        places = [made.place] if made is not None else []
        places += [device.place] if by_mode and device is not None else []
        later = device is not None and device.mode is not None and not by_mode
        because = (
            "from the next boot on everybody may write to /dev/sev" if later else "everybody may write to /dev/sev"
        )
        now = f"{device.mode:04o}" if device is not None and device.mode is not None else ""
        return Fail(because, tuple(places), remedy=_remedy(made), value=made.text if made is not None else now)
    if device is None:
        return Open("/dev/sev was not collected", ("cmd/ls-dev",))
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    if device.mode is None:
        return Open("the mode of /dev/sev was not collected", ("cmd/ls-dev",))
    return Pass(f"mode {device.mode:04o}", (device.place,))


def _remedy(made: BootMode | None) -> Remedy:
    if made is None:
        return Remedy("take the right from others", Command(("chmod 0660 /dev/sev",)))
    if not made.is_key:
        return Remedy(f"write 0660 for {made.text} in {made.file}", Command(("chmod 0660 /dev/sev",)))
    if made.is_shared:
        own = 'KERNEL=="sev", GROUP="kvm", MODE="0660"'
        return Remedy(f"take sev out of that rule of {made.file}, which is for other devices too, and write {own}")
    line, file = made.place.line or "", shlex.quote(f"/{made.file}")
    edit = f"""sed -i '{line}s/MODE\\(:\\?=\\)"{made.text}"/MODE\\1"0660"/' {file}"""
    lines = (edit, "udevadm control --reload", "udevadm trigger /dev/sev")
    return Remedy(f'write MODE="0660" in {made.file}', Command(lines))

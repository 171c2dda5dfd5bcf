"""The kernel's check of microcode files is switched off.

Why    CPUs with the broken signature check (EntrySign) load what is not signed; the kernel's list of known digests
       keeps forged microcode out, and `microcode.amd_sha_check=off` disables it.
Fix    Remove the option from the boot configuration, regenerate it and reboot; get newer microcode through the BIOS.
Refs   linux: arch/x86/kernel/cpu/microcode/amd.c (amd-host 8.2 amd_sha_check); AMD-SB-7033 (CVE-2024-36347)

What is kept for the next boot is read too, and is a warning. Where the kernel prints no digest for a patch, the BIOS is
what must be updated, not linux-firmware.
"""

from sevlint.api import AMD_SEV, Fail, Gap, NotApplicable, Open, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelCmdline, NextBootCmdline, in_no_line, lines_of
from sevlint.facts.log import KernelLog


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV)
def judge(
    cmdline: KernelCmdline | None, following: NextBootCmdline | Gap, log: KernelLog | None, cpu: Cpuinfo | None
) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    option = cmdline.last("microcode.amd_sha_check") if cmdline is not None else None
    line = log.last("microcode-sha-check-disabled") if log is not None else None
    places = [one.place for one in (option, line) if one is not None]
    because = "the kernel loads microcode without checking its digest"
    if option is not None and option.value == "off":
        remedy = boot_option.remove(option.text)
        if line is None and log is not None and log.whole:
            # a kernel that knows the option says so: this one has no such check, the next one will
            because = "the next kernel that checks microcode's digest will not (this one does not know the option)"
            return Fail(because, tuple(places), remedy, severity=Severity.WARNING, value=option.text)
        return Fail(because, tuple(places), remedy=remedy, value=option.text)
    if line is not None:
        return Fail(because, (line.place,), remedy=boot_option.remove("microcode.amd_sha_check=off"))
    lines = lines_of(None, following)
    off = [(when, one) for when, line in lines if (one := line.last("microcode.amd_sha_check")) and one.value == "off"]
    if off:
        when, option = off[0]
        because = f"`{option.text}` comes with {when}: the kernel will load microcode without checking its digest"
        remedy, warning = boot_option.remove(option.text), Severity.WARNING
        coming = tuple(dict.fromkeys(one.place for _, one in off))
        return Fail(because, coming, remedy=remedy, severity=warning, value=option.text)
    if cmdline is None:
        return Open("the command line was not collected", ("proc/cmdline",))
    return in_no_line("no option switches the check off", cmdline, following)

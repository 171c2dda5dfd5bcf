"""The host's CPU mitigations are off.

Why    `mitigations=off` takes away what keeps one VM and the host from reading another's data through the CPU; memory
       encryption does not replace it.
Fix    Remove `mitigations=off`, or write `mitigations=auto`; for guests that refuse to share a core,
       `mitigations=auto,nosmt`.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt (amd-host 3 mitigations); citellus: its plugins about
       speculation (peer-checks 14 #8)

What is kept for the next boot is read too. Of several `mitigations=` on one line the last counts.
"""

from sevlint.api import AMD_SEV, Fail, Gap, Goal, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.kernel import KernelCmdline, NextBootCmdline, in_no_line, lines_of

_SAYS = "leaves the host open to attacks through the CPU, which memory encryption does not stop"


@rule(about=Subject.HOST, severity=Severity.WARNING, goals={*AMD_SEV, Goal.TDX})
def judge(cmdline: KernelCmdline, following: NextBootCmdline | Gap) -> Verdict:
    lines = lines_of(cmdline, following)
    off = [(when, last) for when, line in lines if (last := line.last("mitigations")) and last.value == "off"]
    if off:
        when, option = off[0]
        comes = f"comes with {when} and " if when else ""
        places = tuple(dict.fromkeys(last.place for _, last in off))
        return Fail(f"`{option.text}` {comes}{_SAYS}", places, boot_option.remove(option.text), value=option.text)
    return in_no_line("neither this boot nor the next switches them off", cmdline, following)

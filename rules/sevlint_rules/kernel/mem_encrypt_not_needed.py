"""mem_encrypt=on is not needed for SEV guests.

Why    It turns on SME for the host's own memory, which SEV, SEV-ES and SEV-SNP do not need, and makes devices that
       cannot address the encryption bit bounce their DMA.
Fix    Remove `mem_encrypt=on` unless the host's own memory is to be encrypted.
Refs   linux: Documentation/arch/x86/amd-memory-encryption.rst (amd-host 3 mem_encrypt, 9 #2); libvirt:
       docs/kbase/launch_security_sev.rst (libvirt-qemu 3.3 #3)

Guides, and a page of libvirt, ask for `mem_encrypt=on kvm_amd.sev=1`: since Linux 5.13 neither is needed. What is kept
for the next boot is read too. Of several `mem_encrypt=` on one line the last counts.
"""

from sevlint.api import AMD_SEV, Fail, Gap, Severity, Subject, Verdict, boot_option, rule
from sevlint.facts.kernel import KernelCmdline, NextBootCmdline, in_no_line, lines_of

_SAYS = "encrypts the host's own memory; SEV guests do not need it"


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(cmdline: KernelCmdline, following: NextBootCmdline | Gap) -> Verdict:
    lines = lines_of(cmdline, following)
    on = [(when, last) for when, line in lines if (last := line.last("mem_encrypt")) and last.value == "on"]
    if on:
        when, option = on[0]
        comes = f"comes with {when} and " if when else ""
        places = tuple(dict.fromkeys(last.place for _, last in on))
        return Fail(f"`{option.text}` {comes}{_SAYS}", places, boot_option.remove(option.text), value=option.text)
    return in_no_line("neither this boot nor the next asks for it", cmdline, following)

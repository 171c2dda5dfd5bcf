"""A shim is booted before the kernel, and nothing measures it.

Why    The table of hashes covers kernel, initrd and command line, and has no place for `<shim>`: the host may put any
       loader there.
Fix    Drop `<shim>`: without Secure Boot, which these guests lack, nothing needs it.
Refs   libvirt: docs/formatdomain.rst, NEWS.rst 11.2.0; qemu: target/i386/sev.c (libvirt-qemu 3.2 shim)
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86)
def judge(domain: Domain) -> Verdict:
    if domain.shim is None:
        return Pass("it boots no shim", (domain.firmware.place,))
    return Fail("it boots a shim, which no launch measures", (domain.shim.place,), edit("drop the shim"))

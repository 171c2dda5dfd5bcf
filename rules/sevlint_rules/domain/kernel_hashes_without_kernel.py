"""Hashes of a kernel are asked for, and no kernel is given.

Why    kernelHashes='yes' measures what `<kernel>` names. Here the firmware boots from disk, and what it boots is not
       measured: the attribute promises what it does not keep.
Fix    Drop kernelHashes, or name `<kernel>` (and `<initrd>`, `<cmdline>`) in `<os>`.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 kernelHashes, 2.2 hashes without kernel, 8
       kernel-hashes-without-kernel)
"""

from sevlint.api import AMD_SEV, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=AMD_SEV)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or not launch.kernel_hashes or domain.kernel is not None:
        return Pass("it asks for no hashes without a kernel", (launch.place if launch else domain.place,))
    place = launch.place.at("kernelHashes")
    remedy = edit("drop kernelHashes", "", change.drop(place))
    return Fail("it asks for a kernel's hashes, and names no kernel", (place,), remedy, value="yes")

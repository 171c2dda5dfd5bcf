"""The host's kernel is booted, and nothing measures it.

Why    Kernel, initrd and command line come from the host. Without kernelHashes='yes' their hashes are not part of the
       launch: the guest runs and attests, and boots whatever the host likes.
Fix    Write `<launchSecurity kernelHashes='yes'>`, with firmware made for it (OVMF.amdsev.fd); then check the
       measurement.
Refs   libvirt: docs/formatdomain.rst; qemu: target/i386/sev.c (libvirt-qemu 1.2 kernelHashes, 2.2 kernel without
       hashes, 3.2 kernel, 8 kernel-without-hashes)
"""

from sevlint.api import AMD_SEV, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, DomainXml


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    launch = domain.launch_security
    if domain.kernel is None or launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("it boots no kernel of the host's, or asks for no protection")
    place = launch.place.at("kernelHashes") if launch.kernel_hashes is not None else launch.place
    if launch.kernel_hashes:
        return Pass("the kernel's hashes are part of the launch", (place,))
    if xml.launch is not None and xml.launch.get("kernelHashes") not in ("", "no"):
        return NotApplicable("libvirt refuses what its kernelHashes says, as launch-switch-malformed tells")
    is_made_for_it = not domain.firmware.loader or domain.firmware.has_hashes
    do = [change.put(launch.place.at("kernelHashes"), "yes")] if is_made_for_it else []
    shown = f"<launchSecurity type='{launch.type}' kernelHashes='yes'>"
    remedy = edit("measure the kernel, with firmware made for it", shown, *do, safe=domain.firmware.has_hashes)
    return Fail("it boots a kernel of the host's that nothing measures", (domain.kernel.place, place), remedy)

"""The host's libvirt or QEMU does not know kernelHashes.

Why    libvirt before 8.0 ignores the attribute without a word: the guest runs, and nothing measures the host's kernel.
       With QEMU before 6.2 a newer libvirt refuses: `SEV measured direct kernel boot is not supported with this QEMU
       binary`.
Fix    Upgrade libvirt to 8.0 and QEMU to 6.2, or boot from the guest's disk.
Refs   libvirt: NEWS.rst, src/qemu/qemu_validate.c (libvirt-qemu 1.2 kernelHashes, 2.1 measured direct kernel
       boot, 7 kernelHashes)

Judged with the host around the domain, or the one that `--host` lends. Whoever runs SEV-SNP has both.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import KERNEL_HASHES_LIBVIRT, KERNEL_HASHES_QEMU

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=_GOALS, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions | None) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in _GOALS or not launch.kernel_hashes:
        return NotApplicable("it asks for no kernel hashes")
    libvirt, qemu = (versions.libvirt, versions.qemu) if versions is not None else (None, None)
    place = launch.place.at("kernelHashes")
    remedy = edit("upgrade libvirt to 8.0 and QEMU to 6.2, or boot from the guest's disk")
    if libvirt is not None and libvirt.version < KERNEL_HASHES_LIBVIRT:
        because = f"libvirt {libvirt.text} ignores kernelHashes: nothing measures the kernel"
        return Fail(because, (place, libvirt.place), remedy, value=libvirt.text)
    if qemu is not None and qemu.version < KERNEL_HASHES_QEMU:
        because = f"it asks for kernel hashes, which QEMU {qemu.text} does not know"
        return Fail(because, (place, qemu.place), remedy, value=qemu.text)
    if libvirt is None or qemu is None:
        return Open("the versions of the host's libvirt and QEMU were not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    return Pass(f"libvirt {libvirt.text} and QEMU {qemu.text} know kernel hashes", (place, libvirt.place, qemu.place))

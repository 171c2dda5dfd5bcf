"""SELinux does not know /dev/sev.

Why    QEMU runs confined and may open the device if its label is `sev_device_t`. A policy before selinux-policy
       3.14.2.40 labels it as any device, `device_t`, and where SELinux enforces QEMU's open ends with `Permission
       denied`.
Fix    Update selinux-policy and run `restorecon -v /dev/sev`; do not switch SELinux off.
Refs   selinux-policy 3.14.2.40; libvirt: docs/kbase/launch_security_sev.rst (amd-host 4.3 SELinux)

The label alone is a warning: SELinux may be permissive, or a policy module of the site's own may allow it. The denial
in the kernel log is an error of its own, dev-sev-denied-by-selinux.
"""

import re

from sevlint.api import (
    AMD_SEV,
    Command,
    Confidence,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
    upgrade,
)
from sevlint.facts.amd import DevSev
from sevlint.facts.log import KernelLog
from sevlint.facts.platform import Package, Packages

_KNOWS_SEV = (3, 14, 2, 40)
_RIGHT, _WRONG = "sev_device_t", "device_t"
_RESTORE = Remedy("give it the label that the policy has for it", Command(("restorecon -v /dev/sev",)))


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(device: DevSev, packages: Packages | None, log: KernelLog | None) -> Verdict:
    if not device.exists:
        return NotApplicable("there is no /dev/sev")
    policy = packages.newest("selinux-policy") if packages is not None else None
    is_old = policy is not None and _version(policy) < _KNOWS_SEV
    denied = log.last("dev-sev-denied-by-selinux") if log is not None else None
    seen = device.place if device.label == _WRONG else denied.place if denied is not None else None
    if policy is not None and is_old and seen is not None:
        because = f"selinux-policy {policy.version}-{policy.release} does not know /dev/sev"
        return Fail(because, (policy.place, seen), upgrade("selinux-policy", "3.14.2-40"), value=policy.version)
    if device.label == _WRONG:
        because = f"/dev/sev is labelled {_WRONG}, not {_RIGHT}"
        return Fail(because, (device.place,), _RESTORE, confidence=Confidence.MEDIUM, value=_WRONG)
    if device.label == _RIGHT:
        return Pass(f"/dev/sev is labelled {_RIGHT}", (device.place,))
    if device.label or (packages is not None and policy is None):
        return NotApplicable("the label is the site's own" if device.label else "no SELinux policy is installed")
    if policy is not None and not is_old:
        return Pass(f"selinux-policy {policy.version} knows /dev/sev", (policy.place,))
    return Open("the SELinux label of /dev/sev was not collected", ("cmd/ls-dev",))


def _version(policy: Package) -> tuple[int, ...]:
    """The release counts too: 3.14.2-40.fc30."""
    release = policy.release.partition(".")[0]
    return tuple(int(number) for number in re.findall(r"[0-9]{1,6}", f"{policy.version}.{release}"))

"""A memlock line in limits.conf does not reach the guests that libvirt starts.

Why    PAM applies /etc/security/limits.conf and limits.d to logins. libvirt's daemon is a systemd service, and its QEMU
       processes inherit the service's limit: guides that raise `memlock` there change nothing for these guests.
Fix    Put `<locked/>` into `<memoryBacking>` of the SEV and SEV-ES domains, or raise LimitMEMLOCK= of libvirt's unit.
Refs   libvirt: docs/kbase/launch_security_sev.rst (amd-host 7.3 pinned memory, 9 #20); virtee/snphost, virtee/sevctl
       docs (peer-checks 1 #21)

It speaks where such a line is meant for everybody, or for QEMU's user or group, and a SEV or SEV-ES domain has neither
`<locked/>` nor `<hard_limit>`. SEV-SNP needs no memlock at all. The limits do count for a VMM started from a shell.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.access import LoginLimits, UnitMemlock
from sevlint.facts.domain import Domain

_MEANT = ("*", "root", "qemu", "libvirt-qemu", "@qemu", "@kvm", "@libvirt")
_PINNED = (Goal.SEV, Goal.SEV_ES)
_LOCKED = edit("let QEMU lock the guest's memory", "<memoryBacking>\n  <locked/>\n</memoryBacking>")


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=frozenset(_PINNED))
def judge(limits: LoginLimits, domains: tuple[Domain, ...], unit: UnitMemlock | None) -> Verdict:
    pinned = [one for one in domains if one.launch_security is not None and one.launch_security.goal in _PINNED]
    unlocked = [one for one in pinned if not one.locked and one.hard_limit_kib is None]
    if not pinned or (unit is not None and unit.limit is None):
        return NotApplicable("no guest of libvirt needs a higher limit")
    lines = [line for line in limits.lines if line.who in _MEANT]
    if lines and unlocked:
        because = f"`{lines[0].who} memlock {lines[0].value}` does not reach the guests that libvirt starts"
        seen = (lines[0].place, unlocked[0].place)
        return Fail(because, seen, _LOCKED, value=lines[0].value)
    return Pass("no guest relies on limits.conf for what it may lock", (limits.place,))

"""Nothing in the domain lets QEMU lock the guest's memory.

Why    KVM pins all memory of a SEV or SEV-ES guest and charges it to RLIMIT_MEMLOCK of QEMU. libvirt lifts the limit
       for `<locked/>` or `<hard_limit>`, and for SEV alone it does not: beyond the limit QEMU ends with `failed to
       register region (...) error 'Cannot allocate memory'`.
Fix    Put `<locked/>` into `<memoryBacking>`, or a `<hard_limit>` of the guest's memory plus 256 MiB into `<memtune>`.
Refs   libvirt: src/qemu/qemu_domain.c, docs/kbase/launch_security_sev.rst; qemu: target/i386/sev.c (libvirt-qemu 3.2
       locked, 4.3 max_locked, 8 memory-not-locked, 6.4)

Where the host's own limit is known memory-not-locked is silent, and memlock-too-small judges. It is silent too where
`expect` wants a SEV-SNP guest: protection-weaker-than-expected says that, and such a guest needs none of it.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.access import UnitMemlock
from sevlint.facts.domain import Domain
from sevlint.facts.goals import Expected
from sevlint.facts.log import QemuLog


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.SEV, Goal.SEV_ES},
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, unit: UnitMemlock | None, log: QemuLog | None, expected: Expected | None) -> Verdict:
    allowed = domain.locked or domain.hard_limit_place
    if allowed is not None:
        return Pass("it says what QEMU may lock", (allowed,))
    if domain.running:
        return NotApplicable("it runs, so QEMU may lock what it needs")
    if expected is not None and expected.expectation.goal is Goal.SEV_SNP:
        return NotApplicable("it is to become a SEV-SNP guest, whose memory needs no lock")
    if unit is not None or (log is not None and log.last("qemu-register-region-failed") is not None):
        return NotApplicable("what QEMU may lock on this host is known")
    parent = domain.backing_place
    whole = "<memoryBacking><locked/></memoryBacking>"
    do = change.add(parent, "<locked/>") if parent else change.add(domain.place, whole)
    shown = "<memoryBacking>\n  <locked/>\n</memoryBacking>"
    remedy = edit("let QEMU lock the guest's memory", shown, do, safe=True)
    because = "nothing lets QEMU lock its memory: neither <locked/> nor a <hard_limit>"
    return Fail(because, (parent or domain.place,), remedy)

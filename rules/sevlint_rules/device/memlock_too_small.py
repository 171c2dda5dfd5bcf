"""QEMU may not lock as much memory as the guest has.

Why    KVM pins all memory of a SEV or SEV-ES guest and charges it to RLIMIT_MEMLOCK of QEMU; beyond the limit QEMU ends
       with `failed to register region (...) error 'Cannot allocate memory'`.
Fix    Put `<locked/>` into `<memoryBacking>`, or a `<hard_limit>` of the guest's memory plus 256 MiB into `<memtune>`.
       LimitMEMLOCK= of libvirt's unit works too, for all VMs; limits.conf and `ulimit -l` do not: services never read
       them.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 6 ENOMEM, 7.3 pinned memory, 7.3 SEV-SNP, 9 #20); qemu: target/i386/sev.c
       (libvirt-qemu 3.2 locked, 4.3 max_locked, 6.3); libvirt: src/qemu/qemu_domain.c,
       docs/kbase/launch_security_sev.rst; virtee/snphost, virtee/sevctl src/ok.rs (peer-checks 1 #21, 2 #6)

SEV-SNP needs none of it: its private memory is guest_memfd's, which is not charged to the limit. The line in QEMU's log
is proof; the arithmetic of LimitMEMLOCK alone is a warning, as other means may lift the limit.

snphost and sevctl print the limit of their own shell, not of QEMU.
"""

from sevlint.api import (
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.access import UnitMemlock
from sevlint.facts.domain import Domain
from sevlint.facts.log import QemuLog

_LOCKED = edit("let QEMU lock the guest's memory", "<memoryBacking>\n  <locked/>\n</memoryBacking>")
_PINNED = (Goal.SEV, Goal.SEV_ES)


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=frozenset(_PINNED), rung=AmdRung.DOMAIN)
def judge(domain: Domain, log: QemuLog | None, unit: UnitMemlock | None) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in _PINNED:
        return NotApplicable("its memory is not charged to RLIMIT_MEMLOCK")
    line = log.last("qemu-register-region-failed") if log is not None else None
    if line is not None and "Cannot allocate memory" in line.get("why") and not domain.running:
        if domain.locked:
            return Open("QEMU could not pin the memory though the domain is locked: the host may lack memory")
        return Fail("QEMU may not lock the guest's memory", (line.place, domain.place), _LOCKED, value="ENOMEM")
    if domain.locked or domain.running:
        return Pass("it runs" if domain.running else "its memory is locked without limit", (domain.place,))
    if domain.hard_limit_kib is not None:
        return NotApplicable("its own hard_limit counts")
    if unit is None or domain.memory_kib is None or domain.hugepages:
        return Open("what QEMU may lock is not known", ("cmd/systemctl-show", "etc/systemd/system/*.service.d/*.conf"))
    if unit.limit is None or unit.limit >= domain.memory_kib << 10:
        return Pass(f"{unit.unit} allows as much", (unit.place, domain.place))
    because = f"{unit.unit} lets QEMU lock {unit.limit >> 20} MiB, and the guest has {domain.memory_kib >> 10} MiB"
    seen = (unit.place, domain.place)
    value = str(unit.limit)
    return Fail(because, seen, _LOCKED, severity=Severity.WARNING, confidence=Confidence.MEDIUM, value=value)

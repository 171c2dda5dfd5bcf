"""The hard limit leaves QEMU no room beside the guest's memory.

Why    The limit holds for all that QEMU uses, and it is also what QEMU may lock: all memory of the guest is pinned, and
       QEMU needs about 256 MiB of its own. Below that the start fails, or the kernel kills the guest.
Fix    Raise `<hard_limit>` to the guest's memory plus 256 MiB or more, or use `<locked/>` in `<memoryBacking>` instead.
Refs   libvirt: docs/kbase/launch_security_sev.rst, src/qemu/qemu_domain.c (libvirt-qemu 3.2 hard_limit, 8
       memory-hard-limit-too-small, 8 memory-hard-limit-without-locked-sufficient)
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_OVERHEAD_KIB = 256 << 10


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals={Goal.SEV, Goal.SEV_ES})
def judge(domain: Domain) -> Verdict:
    limit, memory, place = domain.hard_limit_kib, domain.memory_kib, domain.hard_limit_place
    if limit is None or memory is None or place is None:
        return NotApplicable("it has no hard limit")
    if limit >= memory + _OVERHEAD_KIB:
        return Pass("its hard limit leaves room for QEMU", (place,))
    right = f"<hard_limit unit='KiB'>{memory + _OVERHEAD_KIB}</hard_limit>"
    because = f"its hard limit is {_size(limit)}, and its memory and QEMU need {_size(memory + _OVERHEAD_KIB)}"
    remedy = edit("raise the limit", right, change.put(place, right))
    return Fail(because, (place,), remedy, value=str(limit))


def _size(kib: int) -> str:
    """libvirt's unit where there is none is KiB, which who meant MiB must see."""
    return f"{kib >> 10} MiB" if kib >= 1 << 10 else f"{kib} KiB"

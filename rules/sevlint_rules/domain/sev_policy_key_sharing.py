"""The SEV policy lets other guests share this one's key.

Why    With bit 1 clear the hypervisor may start another guest with the same memory key, which can then read this
       one's memory.
Fix    Set bit 1 of the policy: 0x0003 for plain SEV, 0x0007 for SEV-ES.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.3 SEV bit 1, 1.3 SEV 0x0001, 1.3 SEV 0x0005,
       3.3 #10, 8 sev-policy-key-sharing)

QEMU's default, 0x0001, which guides repeat, leaves it clear.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})
_NOKS = 1 << 1


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=_GOALS)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(*_GOALS)
    if found is None:
        return NotApplicable("it has no SEV policy whose bits mean what they say")
    policy, place = found
    if policy & _NOKS:
        return Pass("its policy forbids key sharing", (place,))
    mended = f"0x{policy | _NOKS:04x}"
    remedy = edit("forbid key sharing", f"<policy>{mended}</policy>", change.put(place, mended), safe=True)
    return Fail(f"its policy 0x{policy:x} lets other guests share its key", (place,), remedy, value=f"0x{policy:x}")

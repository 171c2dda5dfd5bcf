"""The SEV policy has bits set that mean nothing.

Why    The firmware refuses a policy with a reserved bit (6 to 15) set: `LAUNCH_START ret=1 fw_error=7 'Policy is not
       allowed'`. The policy of SEV and SEV-ES has 32 bits.
Fix    Clear them: 0x0007 is enough for SEV-ES, 0x0003 for plain SEV.
Refs   AMD SEV API 55766; libvirt: docs/formatdomain.rst (libvirt-qemu 1.3 SEV bits 6 to 15, 1.3 SEV 0x0033, 1.3 SEV
       0x0037, 8 sev-policy-reserved-bits)

A SEV-SNP policy under type sev looks like this: 0x30000 and its like belong to type sev-snp.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})
_KNOWN = 0xFFFF003F


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=_GOALS, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(*_GOALS)
    if found is None:
        return NotApplicable("it has no SEV policy whose bits mean what they say")
    policy, place = found
    if not policy & ~_KNOWN:
        return Pass("its policy sets no reserved bit", (place,))
    because = f"its policy 0x{policy:x} sets reserved bits (0x{policy & ~_KNOWN:x}), which the firmware refuses"
    mended = f"0x{policy & _KNOWN:04x}"
    remedy = edit("clear the reserved bits", f"<policy>{mended}</policy>", change.put(place, mended))
    return Fail(because, (place,), remedy, value=f"0x{policy:x}")

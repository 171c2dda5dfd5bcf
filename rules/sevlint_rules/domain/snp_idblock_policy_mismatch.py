"""The ID block was made for another policy.

Why    The ID block holds the guest policy that its owner signed. The firmware compares it with the policy of the
       launch: where they differ, SNP_LAUNCH_FINISH fails with `Policy is not allowed`. libvirt and QEMU accept it.
Fix    Write the policy that the ID block was made for, or make a new ID block and sign it.
Refs   SEV-SNP ABI 56860, ID block; virtee/sev: src/measurement/idblock_types.rs (libvirt-qemu 1.3 idBlock policy)

Whether the digest in it is the guest's, which the firmware compares too, no file tells.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_POLICY = slice(88, 96)
"""Behind the digest (48 bytes), two ids of 16, the version and the guest's SVN."""


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.SEV_SNP}, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.policy_of(Goal.SEV_SNP)
    block = domain.launch_security.blob("idBlock") if domain.launch_security is not None else None
    data = block.data if block is not None else None
    if found is None or block is None or data is None:
        return NotApplicable("it is no SEV-SNP guest with a policy and an ID block that can be read")
    policy, place = found
    signed = int.from_bytes(data[_POLICY], "little")
    if signed == policy:
        return Pass("its ID block was made for its policy", (place, block.place))
    because = f"its policy is 0x{policy:x}, and its ID block was made for 0x{signed:x}"
    remedy = edit("write the policy of the ID block, or sign a new one", f"<policy>0x{signed:08x}</policy>")
    return Fail(because, (place, block.place), remedy, value=f"0x{policy:x},0x{signed:x}")

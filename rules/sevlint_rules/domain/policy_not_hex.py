"""The launch policy is no hexadecimal number.

Why    libvirt reads a policy as a hexadecimal number of at most 64 bits, and refuses anything else: `failed to get
       launch security policy`.
Fix    Write it with `0x` before it: 0x0007 for SEV-ES, 0x00030000 for SEV-SNP, 0x10000000 for TDX.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2 policy, 2.1 policy, 8 policy-not-hex)
"""

from sevlint.api import X86, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in X86 or launch.policy_place is None or not launch.policy_text:
        return NotApplicable("it has no policy")
    if launch.policy is not None:
        return Pass("its policy is a hexadecimal number", (launch.policy_place,))
    text = launch.policy_text[:_SHOWN]
    because = f"its policy `{text}` is no hexadecimal number of 64 bits, which libvirt demands"
    return Fail(because, (launch.policy_place,), edit("write the policy in hexadecimal, with 0x before it"), value=text)

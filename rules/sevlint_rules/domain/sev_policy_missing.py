"""SEV or SEV-SNP without a launch policy.

Why    libvirt demands a policy for these types: `failed to get launch security policy`.
Fix    Write one: `<policy>0x0007</policy>` for SEV-ES, `<policy>0x0003</policy>` for plain SEV,
       `<policy>0x00030000</policy>` for SEV-SNP.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2, 2.1, 8 sev-policy-missing)

virt-install fills it in for sev, and for no other type. TDX needs none.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
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
from sevlint.facts.domain import Domain, DomainXml, respelt


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    launch = domain.launch_security
    if launch is None or xml.launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type needs no policy")
    if launch.policy_place is not None and launch.policy_text:
        return Pass("it has a policy", (launch.policy_place,))
    text = "0x00030000" if launch.goal is Goal.SEV_SNP else "0x0007"
    fragment = f"<policy>{text}</policy>"
    misspelt = next((one for one in xml.launch.children if respelt(one.tag, ("policy",))), None)
    if launch.policy_place is not None:
        remedy = edit("write a policy", fragment, change.put(launch.policy_place, fragment))
        return Fail("its launch policy is empty, and libvirt demands one", (launch.policy_place,), remedy)
    if misspelt is not None:
        remedy = edit("spell it policy")
        because = f"it has no launch policy, which libvirt demands: <{misspelt.tag}> is spelled policy"
        return Fail(because, (misspelt.place,), remedy, value=misspelt.tag)
    remedy = edit("write a policy", fragment, change.add(launch.place, fragment))
    return Fail("it has no launch policy, and libvirt demands one", (launch.place,), remedy)

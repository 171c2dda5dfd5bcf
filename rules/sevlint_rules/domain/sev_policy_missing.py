"""SEV or SEV-SNP without a launch policy.

Why    libvirt demands a policy for these types: `failed to get launch security policy`.
Fix    Write one: `<policy>0x0007</policy>` for SEV-ES, `<policy>0x0003</policy>` for plain SEV,
       `<policy>0x00030000</policy>` for SEV-SNP.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2 policy, 2.1 policy, 2.5 default policy, 8 sev-policy-missing)

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
from sevlint.facts.domain import Domain, DomainXml, near, respelt


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    launch = domain.launch_security
    if launch is None or xml.launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type needs no policy")
    if launch.policy_place is not None and launch.policy_text:
        return Pass("it has a policy", (launch.policy_place,))
    text = "0x00030000" if launch.goal is Goal.SEV_SNP else "0x0007"
    fragment = f"<policy>{text}</policy>"
    known = ("policy",)
    misspelt = [one for one in xml.launch.children if respelt(one.tag, known) or near(one.tag, known)]
    if launch.policy_place is not None:
        remedy = edit("write a policy", fragment, change.put(launch.policy_place, fragment))
        return Fail("its launch policy is empty, and libvirt demands one", (launch.policy_place,), remedy)
    if misspelt:
        first, is_alone = misspelt[0], len(misspelt) == 1
        changes = (change.rename(first.place, "policy"),) if is_alone else ()
        because = f"it has no launch policy, which libvirt demands: <{first.tag}> is spelled policy"
        return Fail(because, (first.place,), edit("spell it policy", "", *changes, safe=is_alone), value=first.tag)
    remedy = edit("write a policy", fragment, change.add(launch.place, fragment))
    return Fail("it has no launch policy, and libvirt demands one", (launch.place,), remedy)

"""A name of the launch security in another spelling, which libvirt ignores.

Why    XML minds case: libvirt does not know `launchsecurity`, `reduced-phys-bits`, `dh-cert` or `kernelhashes`, and
       ignores them without a word unless the domain is defined with `--validate`.
Fix    Write the name as libvirt does: launchSecurity, reducedPhysBits, dhCert, kernelHashes.
Refs   libvirt: docs/formatdomain.rst, src/conf/domain_conf.c (libvirt-qemu 2.2 unknown children, 8 xml-case-error)

Names with dashes come from patches of before libvirt 4.5. Where no launchSecurity is spelled right,
launch-security-unknown-type says it; of a misspelt policy, which libvirt demands, sev-policy-missing does.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import LAUNCH_ATTRIBUTES, LAUNCH_CHILDREN, DomainXml, respelt

_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(xml: DomainXml) -> Verdict | Sequence[Fail]:
    launch = xml.launch
    if launch is None:
        return NotApplicable("it has no launchSecurity")
    kind = launch.get("type")
    wrong = [
        (tag[:_SHOWN], "launchSecurity", place, False)
        for tag, _, place in xml.launch_elements
        if tag != "launchSecurity" and "}" not in tag
    ]
    children, attributes = [one.tag for one in launch.children], [name for name, _ in launch.attributes]
    has_policy = kind == "tdx" or "policy" in children
    for child in launch.children:
        meant = respelt(child.tag, LAUNCH_CHILDREN.get(kind, ()))
        if meant and (meant != "policy" or has_policy):
            wrong.append((child.tag[:_SHOWN], meant, child.place, _is_alone(meant, children)))
    for name in attributes:
        meant = respelt(name, LAUNCH_ATTRIBUTES.get(kind, ()))
        if meant:
            wrong.append((name[:_SHOWN], meant, launch.place.at(name), _is_alone(meant, attributes)))
    # not safe: what libvirt ignored until now it then reads, and may refuse
    fails = [
        Fail(
            f"libvirt ignores `{what}`, which it spells {meant}",
            (place,),
            edit(f"write {meant}", "", *((change.rename(place, meant),) if alone else ())),
            value=what,
        )
        for what, meant, place, alone in wrong
    ]
    return fails or Pass("what libvirt knows is spelled as it does", (launch.place,))


def _is_alone(meant: str, names: Sequence[str]) -> bool:
    """Whether nothing else has or means this name: nobody knows which of two was meant to hold."""
    return meant not in names and sum(respelt(name, (meant,)) == meant for name in names) == 1

"""launchSecurity holds something that libvirt does not know there.

Why    libvirt ignores elements and attributes that it does not know, unless the domain is defined with `--validate`:
       what they ask for does not hold.
Fix    Drop it, or write what libvirt knows: the policy, for sev and sev-snp cbitpos, reducedPhysBits and
       kernelHashes, and what belongs to the type.
Refs   libvirt: docs/formatdomain.rst, src/conf/domain_conf.c (libvirt-qemu 1.2, 2.2, 8 unknown-launch-child)

An element that only belongs to another type is ignored too. Of a known name in another spelling xml-case-error
speaks.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import LAUNCH_ATTRIBUTES, LAUNCH_CHILDREN, DomainXml, respelt

_LEGACY_TDX = ("allowReboot", "quoteGenerationSocket")
_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(xml: DomainXml) -> Verdict | Sequence[Fail]:
    launch = xml.launch
    kind = launch.get("type") if launch is not None else ""
    if launch is None or kind not in LAUNCH_CHILDREN:
        return NotApplicable("it has no launchSecurity of a type whose settings are known")
    known = LAUNCH_CHILDREN[kind] + (_LEGACY_TDX if kind == "tdx" else ())
    strange = [
        (one.tag[:_SHOWN], one.place) for one in launch.children if kind != "s390-pv" and _is_strange(one.tag, known)
    ]
    strange += [
        (name[:_SHOWN], launch.place.at(name))
        for name, _ in launch.attributes
        if _is_strange(name, LAUNCH_ATTRIBUTES[kind])
    ]
    fails = [
        Fail(
            f"libvirt does not know `{what}` for {kind}, and ignores it",
            (place,),
            edit("drop it, or mend its name"),
            value=what,
        )
        for what, place in strange
    ]
    return fails or Pass("libvirt knows everything in its launchSecurity", (launch.place,))


def _is_strange(name: str, known: tuple[str, ...]) -> bool:
    """An extension's names, in a namespace, are its own affair."""
    return name not in known and "}" not in name and not respelt(name, known)

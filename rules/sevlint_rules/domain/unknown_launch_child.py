"""launchSecurity holds something that libvirt does not know there.

Why    libvirt ignores elements and attributes that it does not know, unless the domain is defined with `--validate`:
       what they ask for does not hold.
Fix    Drop it, or write what libvirt knows: the policy, for sev and sev-snp cbitpos, reducedPhysBits and
       kernelHashes, and what belongs to the type.
Refs   libvirt: docs/formatdomain.rst, src/conf/domain_conf.c (libvirt-qemu 1.2 userid and handle, 2.2 unknown children,
       8 unknown-launch-child; intel-tdx 7.4 no attributes)

An element that only belongs to another type is ignored too. Of a known name in another spelling xml-case-error
speaks, of a policy that is but one letter off, which libvirt demands, sev-policy-missing.
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import LAUNCH_ATTRIBUTES, LAUNCH_CHILDREN, DomainXml, near, respelt

_LEGACY_TDX = ("allowReboot", "quoteGenerationSocket")
_SHOWN = 40
_TEXT = "drop it, or mend its name"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=STRUCTURE)
def judge(xml: DomainXml) -> Verdict | Sequence[Fail]:
    launch = xml.launch
    kind = launch.get("type") if launch is not None else ""
    if launch is None or kind not in LAUNCH_CHILDREN:
        return NotApplicable("it has no launchSecurity of a type whose settings are known")
    known = LAUNCH_CHILDREN[kind] + (_LEGACY_TDX if kind == "tdx" else ())
    children, attributes = [one.tag for one in launch.children], [name for name, _ in launch.attributes]
    needs_policy = kind != "tdx" and "policy" not in children
    strange = [
        (one.tag, one.place, _meant(one.tag, LAUNCH_CHILDREN[kind], children))
        for one in launch.children
        if kind != "s390-pv" and _is_strange(one.tag, known) and not (needs_policy and near(one.tag, ("policy",)))
    ]
    strange += [
        (name, launch.place.at(name), _meant(name, LAUNCH_ATTRIBUTES[kind], attributes))
        for name in attributes
        if _is_strange(name, LAUNCH_ATTRIBUTES[kind])
    ]
    # not safe: what libvirt ignored until now it then reads, and may refuse
    fails = [
        Fail(
            f"libvirt does not know `{what[:_SHOWN]}` for {kind}, and ignores it",
            (place,),
            edit(f"write {meant}", "", change.rename(place, meant)) if meant else edit(_TEXT),
            value=what[:_SHOWN],
        )
        for what, place, meant in strange
    ]
    return fails or Pass("libvirt knows everything in its launchSecurity", (launch.place,))


def _meant(name: str, known: Sequence[str], names: Sequence[str]) -> str:
    """The known name that this one is a slip of, where nothing else has or means it."""
    meant = near(name, known)
    rivals = sum(bool(near(one, (meant,)) or respelt(one, (meant,))) for one in names)
    return meant if meant not in names and rivals == 1 else ""


def _is_strange(name: str, known: Sequence[str]) -> bool:
    """An extension's names, in a namespace, are its own affair."""
    return name not in known and "}" not in name and not respelt(name, known)

"""libvirt knows no launchSecurity of this spelling.

Why    libvirt refuses a type that it does not know: `Invalid value for attribute 'type' in element 'launchSecurity'`.
       An element of another name (`launchsecurity`, `launch-security`) it ignores without a word: the VM runs
       unprotected.
Fix    Spell the element launchSecurity and its type sev, sev-snp, tdx or s390-pv, exactly so.
Refs   libvirt: src/conf/domain_conf.c, docs/formatdomain.rst (libvirt-qemu 1.1 cca, 1.1 no sev-es, 1.1 exact case, 2.1
       type, 2.1 unsupported type, 2.2 unknown children, 8 launch-security-type-unknown)

There is no type sev-es: SEV-ES is type sev with policy bit 2 set. Of a misspelt element beside a right one
xml-case-error speaks, of a second one launch-security-duplicate.
"""

from sevlint.api import (
    STRUCTURE,
    AmdRung,
    Fail,
    NotApplicable,
    Pass,
    Place,
    Remedy,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import LAUNCH_TYPES, DomainXml, launch_type_meant

_SHOWN = 40
_ES = "<launchSecurity type='sev'><policy>0x0007</policy></launchSecurity>"


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE, rung=AmdRung.DOMAIN)
def judge(xml: DomainXml) -> Verdict:
    if not xml.launch_elements:
        return NotApplicable("it has no launchSecurity element")
    if xml.launch_element is None:
        tag, kind, place = xml.launch_elements[0]
        fragment = f"<launchSecurity type='{kind if kind in LAUNCH_TYPES else 'sev-snp'}'>"
        # not safe: until now it started, unprotected, and with launch security something else may stop it
        alone = kind in LAUNCH_TYPES and "}" not in tag and len(xml.launch_elements) == 1
        remedy = edit("write launchSecurity", fragment, *((change.rename(place, "launchSecurity"),) if alone else ()))
        because = f"libvirt ignores <{tag[:_SHOWN]}>: it is spelled launchSecurity{', in no namespace' * ('}' in tag)}"
        return Fail(because, (place,), remedy=remedy, value=tag[:_SHOWN])
    kind, place = xml.launch_element
    if kind in LAUNCH_TYPES:
        return Pass("libvirt knows its launchSecurity type", (place,))
    because = f"libvirt knows no launchSecurity type '{kind[:_SHOWN]}'" if kind else "its launchSecurity has no type"
    return Fail(because, (place,), remedy=_remedy(kind, place), value=kind[:_SHOWN])


def _remedy(kind: str, place: Place) -> Remedy:
    meant = launch_type_meant(kind)
    if not meant:
        return edit("use one of the types sev, sev-snp, tdx, s390-pv", "<launchSecurity type='sev-snp'>")
    if "es" in kind.lower():
        return edit(f"write type='{meant}' (with policy bit 2 set, which makes it SEV-ES)", _ES)
    end = "/" if meant == "s390-pv" else ""
    # libvirt refuses the domain as it stands, so another case of the same word makes nothing worse
    is_safe = kind.strip().lower() == meant
    return edit(
        f"write type='{meant}'", f"<launchSecurity type='{meant}'{end}>", change.put(place, meant), safe=is_safe
    )

"""libvirt knows no launchSecurity of this type.

Why    libvirt refuses the domain: `Invalid value for attribute 'type' in element 'launchSecurity'`. Types are spelled
       exactly: sev, sev-snp, tdx, s390-pv. There is no sev-es: SEV-ES is type sev with policy bit 2 set.
Fix    Spell the type as libvirt does.
Refs   libvirt: src/conf/domain_conf.c, docs/formatdomain.rst (libvirt-qemu 1.1, 2.1)
"""

from collections.abc import Sequence

from sevlint.api import STRUCTURE, AmdRung, Fail, NotApplicable, Pass, Remedy, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import DomainXml

_TYPES = ("sev", "sev-snp", "tdx", "s390-pv", "cca")
_MEANT = {
    "seves": ("sev", "<launchSecurity type='sev'><policy>0x0007</policy></launchSecurity>"),
    "snp": ("sev-snp", "<launchSecurity type='sev-snp'>"),
    "sevsnp": ("sev-snp", "<launchSecurity type='sev-snp'>"),
    "amdsevsnp": ("sev-snp", "<launchSecurity type='sev-snp'>"),
    "sev": ("sev", "<launchSecurity type='sev'>"),
    "tdx": ("tdx", "<launchSecurity type='tdx'>"),
    "inteltdx": ("tdx", "<launchSecurity type='tdx'>"),
    "pv": ("s390-pv", "<launchSecurity type='s390-pv'/>"),
    "s390pv": ("s390-pv", "<launchSecurity type='s390-pv'/>"),
}


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE, rung=AmdRung.DOMAIN)
def judge(xml: DomainXml) -> Verdict | Sequence[Fail]:
    elements = [one for one in xml.launch_elements if one[0] == "launchSecurity"]
    if not elements:
        return NotApplicable("it has no launchSecurity element")
    fails = []
    for _, kind, place in elements:
        if kind in _TYPES:
            continue
        said = f"launchSecurity type '{kind}'" if kind else "launchSecurity without a type"
        fails.append(Fail(f"libvirt knows no {said}", (place,), remedy=_remedy(kind), value=kind))
    return fails or Pass("libvirt knows its launchSecurity type", (elements[0][2],))


def _remedy(kind: str) -> Remedy:
    meant = _MEANT.get(kind.lower().replace("-", "").replace("_", ""))
    if meant is None:
        return edit("use one of the types sev, sev-snp, tdx, s390-pv", "<launchSecurity type='sev-snp'>")
    word = " (with policy bit 2 set, which makes it SEV-ES)" if meant[0] == "sev" and kind.lower() != "sev" else ""
    return edit(f"write type='{meant[0]}'{word}", meant[1])

"""libvirt knows no launchSecurity of this spelling.

Why    libvirt refuses a type that it does not know: `Invalid value for attribute 'type' in element 'launchSecurity'`.
       An element of another name (`launchsecurity`, `launch-security`) it ignores without a word: the VM runs
       unprotected.
Fix    Spell the element launchSecurity and its type sev, sev-snp, tdx or s390-pv, exactly so.
Refs   libvirt: src/conf/domain_conf.c, docs/formatdomain.rst (libvirt-qemu 1.1, 2.1, 2.2)

There is no type sev-es: SEV-ES is type sev with policy bit 2 set. Of a misspelt element beside a right one
xml-case-error speaks, of a second one launch-security-duplicate.
"""

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


_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE, rung=AmdRung.DOMAIN)
def judge(xml: DomainXml) -> Verdict:
    if not xml.launch_elements:
        return NotApplicable("it has no launchSecurity element")
    first = next((one for one in xml.launch_elements if one[0] == "launchSecurity"), None)
    if first is None:
        tag, kind, place = xml.launch_elements[0]
        remedy = edit("write launchSecurity", f"<launchSecurity type='{kind if kind in _TYPES else 'sev-snp'}'>")
        because = f"libvirt ignores <{tag[:_SHOWN]}>: it is spelled launchSecurity{', in no namespace' * ('}' in tag)}"
        return Fail(because, (place,), remedy=remedy, value=tag[:_SHOWN])
    _, kind, place = first
    if kind in _TYPES:
        return Pass("libvirt knows its launchSecurity type", (place,))
    because = f"libvirt knows no launchSecurity type '{kind[:_SHOWN]}'" if kind else "its launchSecurity has no type"
    return Fail(because, (place,), remedy=_remedy(kind), value=kind[:_SHOWN])


def _remedy(kind: str) -> Remedy:
    meant = _MEANT.get(kind.strip().lower().replace("-", "").replace("_", ""))
    if meant is None:
        return edit("use one of the types sev, sev-snp, tdx, s390-pv", "<launchSecurity type='sev-snp'>")
    word = " (with policy bit 2 set, which makes it SEV-ES)" if "es" in kind.lower() else ""
    return edit(f"write type='{meant[0]}'{word}", meant[1])

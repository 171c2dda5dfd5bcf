"""libvirt knows no launchSecurity of this spelling.

Why    libvirt refuses a type that it does not know: `Invalid value for attribute 'type' in element 'launchSecurity'`.
       An element of another name (`launchsecurity`, `launch-security`) it ignores without a word: the VM runs
       unprotected. It reads the first launchSecurity only.
Fix    Spell the element launchSecurity and its type sev, sev-snp, tdx or s390-pv, exactly so.
Refs   libvirt: src/conf/domain_conf.c, docs/formatdomain.rst (libvirt-qemu 1.1, 2.1, 2.2)

There is no type sev-es: SEV-ES is type sev with policy bit 2 set.
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


_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE, rung=AmdRung.DOMAIN)
def judge(xml: DomainXml) -> Verdict | Sequence[Fail]:
    if not xml.launch_elements:
        return NotApplicable("it has no launchSecurity element")
    first = next((one for one in xml.launch_elements if one[0] == "launchSecurity"), None)
    if first is None:
        tag, kind, place = xml.launch_elements[0]
        remedy = edit("write launchSecurity", f"<launchSecurity type='{kind if kind in _TYPES else 'sev-snp'}'>")
        because = f"libvirt ignores <{tag[:_SHOWN]}>: it is spelled launchSecurity{', in no namespace' * ('}' in tag)}"
        return Fail(because, (place,), remedy=remedy, value=tag[:_SHOWN])
    fails = []
    _, kind, place = first
    if kind not in _TYPES:
        because = (
            f"libvirt knows no launchSecurity type '{kind[:_SHOWN]}'" if kind else "its launchSecurity has no type"
        )
        fails.append(Fail(because, (place,), remedy=_remedy(kind), value=kind[:_SHOWN]))
    others = [one for one in xml.launch_elements if one is not first and "}" not in one[0]]
    if others:
        because = f"libvirt reads one launchSecurity only, and ignores <{others[0][0][:_SHOWN]}> here"
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        remedy = edit("keep the one that is meant")
        fails.append(
            Fail(because + more, (others[0][2], place), remedy=remedy, severity=Severity.WARNING, value="several")
        )
    return fails or Pass("libvirt knows its launchSecurity type", (place,))


def _remedy(kind: str) -> Remedy:
    meant = _MEANT.get(kind.strip().lower().replace("-", "").replace("_", ""))
    if meant is None:
        return edit("use one of the types sev, sev-snp, tdx, s390-pv", "<launchSecurity type='sev-snp'>")
    word = " (with policy bit 2 set, which makes it SEV-ES)" if "es" in kind.lower() else ""
    return edit(f"write type='{meant[0]}'{word}", meant[1])

"""A switch of the launch security says neither yes nor no.

Why    libvirt reads kernelHashes, authorKey and vcek as `yes` or `no`, in these letters, and refuses anything else:
       `Invalid value for attribute 'kernelHashes' in element 'launchSecurity'`.
Fix    Write yes or no.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.2 kernelHashes, 1.2 authorKey, 1.2 vcek)

QEMU's own switches are `on` and `off`.
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import LAUNCH_ATTRIBUTES, Domain, DomainXml

_SWITCHES = ("kernelHashes", "authorKey", "vcek")
_MEANT = {"on": "yes", "true": "yes", "1": "yes", "yes": "yes", "off": "no", "false": "no", "0": "no", "no": "no"}
_SHOWN = 40


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict | Sequence[Fail]:
    launch = domain.launch_security
    if launch is None or xml.launch is None or launch.goal not in AMD_SEV:
        return NotApplicable("its type has no switches")
    fails = []
    for name, text in xml.launch.attributes:
        if name not in _SWITCHES or name not in LAUNCH_ATTRIBUTES[launch.type] or text in ("yes", "no"):
            continue
        meant = _MEANT.get(text.lower())
        do = [change.put(launch.place.at(name), meant)] if meant else []
        remedy = edit("write yes or no", f"<launchSecurity type='{launch.type}' {name}='{meant or 'yes'}'>", *do)
        because = f"{name} is `{text[:_SHOWN]}`, and libvirt takes yes and no only"
        fails.append(Fail(because, (launch.place.at(name),), remedy, value=f"{name} {text[:_SHOWN]}"))
    return fails or Pass("its switches can be read", (launch.place,))

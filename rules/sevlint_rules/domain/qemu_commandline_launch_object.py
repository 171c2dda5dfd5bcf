"""The protection is asked for by QEMU arguments instead of `<launchSecurity>`.

Why    libvirt then does not know that the VM is confidential: it does not give QEMU /dev/sev, checks nothing, and an
       object without its machine option, or the reverse, runs unprotected.
Fix    Write `<launchSecurity>` with the type that is meant, and drop the arguments.
Refs   libvirt: src/qemu/qemu_cgroup.c, src/qemu/qemu_namespace.c (libvirt-qemu 1.1 QEMU object, 5.2, 3.3 #6, 4.3 dev
       sev by launchSecurity, 8 qemu-commandline-launch-object; intel-tdx 7.1 object, 7.4 memory-encryption, 7.4
       quote-generation-service, 7.4 debug=on)

Manuals from before libvirt knew a technology show such arguments.
"""

from sevlint.api import CONFIDENTIAL, AmdRung, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_TYPE = {"sev-guest": "sev", "sev-snp-guest": "sev-snp", "tdx-guest": "tdx", "s390-pv-guest": "s390-pv"}


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=CONFIDENTIAL, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict:
    found = domain.overrides.launch_arguments()
    if not found:
        return Pass("no argument makes a launch object", (domain.place,))
    named = next((_TYPE[one.text] for one in found if one.text in _TYPE), None)
    fragment = f"<launchSecurity type='{named}'>" if named else "<launchSecurity>"
    because = f"QEMU arguments ask for protection behind libvirt's back ({found[0].text})"
    remedy = edit("write launchSecurity and drop the arguments", fragment)
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].text)

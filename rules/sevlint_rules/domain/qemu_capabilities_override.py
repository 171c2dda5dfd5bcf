"""libvirt is told that QEMU lacks what the protection needs.

Why    `<qemu:capabilities>` with `del` takes a capability away: libvirt then refuses the type, or starts the VM without
       what depends on it.
Fix    Drop the `<qemu:del>`.
Refs   libvirt: docs/drvqemu.rst, src/qemu/qemu_capabilities.c (libvirt-qemu 4.1 flags, 8 qemu-capabilities-override)
"""

from sevlint.api import CONFIDENTIAL, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain
from sevlint.words import few

_NEEDED = ("sev-", "tdx-", "s390-pv-", "confidential-guest-support", "machine-confidential-guest-support")


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.overrides.capabilities if one.text.startswith(_NEEDED)]
    if not found:
        return Pass("no capability that it needs is taken away", (domain.place,))
    remedy = edit("drop the <qemu:del>", "", *(change.drop(one.place.at("")) for one in found))
    because = f"libvirt is told that QEMU has no {few([one.text for one in found])}"
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].text)

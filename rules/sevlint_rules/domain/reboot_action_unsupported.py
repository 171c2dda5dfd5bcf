"""The guest cannot be restarted by a reboot from within.

Why    The registers of an encrypted guest are made at launch, and QEMU cannot set them back: a reboot ends QEMU (`cpus
       are not resettable, terminating`), and the domain is shut off whatever `<on_reboot>` says.
Fix    Let whatever manages the VM start it again, and write `<on_reboot>destroy</on_reboot>` to say so.
Refs   qemu: system/runstate.c, docs/system/i386/amd-memory-encryption.rst (libvirt-qemu 2.2 on_reboot, 3.2 on_reboot, 8
       reboot-action-unsupported; intel-tdx 7.4 on_reboot)

A TDX guest that reboots is stopped and started by libvirt.
"""

from sevlint.api import ENCRYPTED_STATE, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=ENCRYPTED_STATE)
def judge(domain: Domain) -> Verdict:
    found = domain.on_reboot
    if found is None or found.text != "restart":
        return Pass("it does not count on a restart", (found.place if found else domain.place,))
    remedy = edit("say that a reboot ends it", "<on_reboot>destroy</on_reboot>", change.put(found.place, "destroy"))
    return Fail("a reboot of the guest ends it: QEMU cannot restart encrypted state", (found.place,), remedy)

"""libvirt is to save its guests when the host shuts down, and encrypted guests cannot be saved.

Why    With auto_shutdown_try_save libvirt's own daemon saves running VMs at shutdown; of an encrypted guest that fails
       (`SEV: Migration is not implemented`), and the guest is killed with the host.
Fix    Set auto_shutdown_try_save = "none" in /etc/libvirt/qemu.conf; auto_shutdown_try_shutdown shuts them down.
Refs   libvirt: src/qemu/qemu.conf.in, NEWS.rst 11.2.0 (libvirt-qemu 3.2 migration, 4.3 auto_shutdown)

The service libvirt-guests, which may do the same, is save-on-shutdown.
"""

from sevlint.api import X86, Confidence, Fail, Needs, NotApplicable, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain, conf: QemuSettings | None) -> Verdict:
    if conf is None:
        return NotApplicable("no qemu.conf of a host was found")
    found = conf.settings.get("auto_shutdown_try_save")
    if found is None or found.values[:1] in ((), ("none",), ("0",)):
        return Pass("libvirt's daemon saves no guest at shutdown", (found.place if found else conf.place,))
    because = "libvirt saves its guests at shutdown, which fails for an encrypted one"
    remedy = Remedy('set auto_shutdown_try_save = "none" in /etc/libvirt/qemu.conf', needs=Needs.RELOAD)
    return Fail(because, (found.place, domain.place), remedy, value=found.values[0])

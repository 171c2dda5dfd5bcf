"""The guest has a video card.

Why    The host holds the frame buffer: what the guest draws is not confidential. Firmware for confidential guests may
       show nothing there, and virtio video can stay blank.
Fix    `<video><model type='none'/></video>`, and a serial console.
Refs   libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 2.5 what it adds, 3.2 virtio-gpu, 3.2 video; intel-tdx
       7.4 video, 7.4 firmware video)

virt-install adds one by itself, hence a note.
"""

from sevlint.api import X86, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals=X86)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.all("video") if one.model != "none"]
    if not found:
        return Pass("it has no video card", (domain.devices_place or domain.place,))
    remedy = edit("have no video card", "<video><model type='none'/></video>")
    because = "its video card draws into memory of the host"
    return Fail(because, tuple(one.place for one in found), remedy=remedy, value=found[0].model)

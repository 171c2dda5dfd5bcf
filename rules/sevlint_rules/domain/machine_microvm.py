"""The machine type is one that encrypted guests have no firmware for.

Why    The firmware images for SEV and TDX are made for q35; microvm has an image of its own without their metadata, and
       isapc, xenfv and none have no UEFI at all. virt-install refuses them: `launch security requires a Q35 UEFI
       machine`.
Fix    Use the machine type q35, and let libvirt assign the devices anew.
Refs   virt-manager: virtinst/domain/launch_security.py; libvirt: src/qemu/qemu_firmware.c (libvirt-qemu 2.3 machine and
       arch, 2.5 Q35 and UEFI, 3.2 microvm, 3.2 isapc, 8 machine-microvm)

That no image for microvm has the metadata is known of the images that distributions ship, not of a site's own.
"""

from sevlint.api import X86, AmdRung, Confidence, Fail, Goal, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_WITHOUT_UEFI = ("isapc", "xenfv", "none")
_MICROVM = {
    Goal.SEV: Severity.WARNING,
    Goal.SEV_ES: Severity.WARNING,
    Goal.SEV_SNP: Severity.ERROR,
    Goal.TDX: Severity.ERROR,
}


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, goal: Goal) -> Verdict:
    place = domain.machine_place.at("machine") if domain.machine else domain.machine_place
    if domain.machine != "microvm" and domain.machine not in _WITHOUT_UEFI:
        return Pass("its machine is none of microvm, isapc, xenfv and none", (place,))
    because = f"there is no firmware for encrypted guests on the machine {domain.machine}"
    remedy = edit("use q35", "<type arch='x86_64' machine='q35'>hvm</type>")
    severity = _MICROVM[goal] if domain.machine == "microvm" else Severity.ERROR
    return Fail(because, (place,), remedy, severity=severity, value=domain.machine)

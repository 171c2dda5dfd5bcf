"""There is no /dev/sev.

Why    The device appears when the driver ccp found SEV firmware that answers; without it QEMU cannot launch any guest.
Fix    Mend the BIOS or firmware fault that the kernel log names; rights and udev rules have nothing to do with it.
       Where modprobe.d has an `install ccp` line that runs nothing, remove that line.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 3 modprobe.blacklist, 4.3 node, 4.3 SEV-SNP, 6 ENOENT);
       virtee/snphost src/ok.rs (peer-checks 1 #17); libvirt: tools/virt-host-validate-common.c (peer-checks 4 #10)

A symptom: it folds under the first broken rung below it.

virt-host-validate calls it disabled in firmware; a ccp that is not loaded looks the same to it.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, Needs, NotApplicable, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.amd import DevSev
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import ModprobeConfig


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DEVICE, symptom=True)
def judge(device: DevSev, cpu: Cpuinfo | None, modprobe: ModprobeConfig | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    disabled = modprobe.disabled("ccp") if modprobe is not None else None
    if not device.exists and disabled is not None:
        remedy = Remedy(f"remove the line `install ccp ...` from {disabled.place.path}", needs=Needs.REBOOT)
        because = "there is no /dev/sev: modprobe.d keeps its driver ccp from being loaded"
        return Fail(because, (disabled.place, device.place), remedy=remedy, value="install ccp")
    if not device.exists:
        return Fail("there is no /dev/sev", (device.place,))
    return Pass("/dev/sev is there", (device.place,))

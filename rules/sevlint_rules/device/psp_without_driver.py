"""The driver ccp is not bound to the PSP.

Why    The PSP is a PCI device; only through the driver ccp can the kernel reach its SEV firmware. Without it there is
       no /dev/sev, and no guest can be launched.
Fix    Load ccp and read what it says in the kernel log; where another driver holds the device (vfio-pci, pci-stub),
       take the device's id out of that driver's options.
Refs   linux: drivers/crypto/ccp/sp-pci.c (amd-host 4.4 PCI ids)

A host may have several PSPs: one that is bound will do. /dev/sev, which comes from ccp alone, is a proof too.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Command,
    Fail,
    Gap,
    Needs,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.amd import DevSev, PspDevices
from sevlint.facts.cpu import Cpuinfo

_LOAD = Remedy("load ccp and read what it says", Command(("modprobe ccp", "journalctl --boot --dmesg --grep ccp")))


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals=AMD_SEV,
    rung=AmdRung.PSP_FIRMWARE,
    because_of=("ccp-module-blocked",),
)
def judge(devices: PspDevices | Gap, device: DevSev | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if device is not None and device.exists:
        return Pass("/dev/sev is there, which comes from ccp", (device.place,))
    if isinstance(devices, Gap):
        return Open("the PCI devices were not collected with their drivers", devices.wanted)
    if not devices.items:
        return NotApplicable("no PCI device is known to hold a PSP")
    bound = next((one for one in devices.items if one.driver == "ccp"), None)
    if bound is not None:
        return Pass(f"ccp drives {bound.address}", (bound.place,))
    places = tuple(one.place for one in devices.items)
    other = next((one for one in devices.items if one.driver), None)
    if other is None:
        return Fail("no driver is bound to the PSP, so its SEV firmware cannot be reached", places, remedy=_LOAD)
    because = f"{other.driver} holds the PSP {other.address}, so ccp cannot reach its SEV firmware"
    remedy = Remedy(f"take {other.id} out of what {other.driver} is told to hold", needs=Needs.REBOOT)
    return Fail(because, places, remedy=remedy, value=other.driver)

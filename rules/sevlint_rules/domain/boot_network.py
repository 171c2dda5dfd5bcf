"""The guest boots from the network.

Why    What the network sends is not part of the launch measurement; the iPXE ROM knows nothing of SEV and hangs in
       firmware, and the firmware for TDX has no network driver at all.
Fix    Boot from a disk, or by `<kernel>` with kernelHashes='yes' (SEV).
Refs   libvirt: docs/kbase/launch_security_sev.rst (libvirt-qemu 3.2 boot network, 8 boot-network); edk2:
       OvmfPkg/IntelTdx (intel-tdx 7.4 boot network)
"""

from sevlint.api import X86, Fail, Goal, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SEVERITY = {
    Goal.SEV: Severity.WARNING,
    Goal.SEV_ES: Severity.WARNING,
    Goal.SEV_SNP: Severity.WARNING,
    Goal.TDX: Severity.ERROR,
}


@rule(about=Subject.DOMAIN, severity=_SEVERITY, goals=X86)
def judge(domain: Domain, goal: Goal) -> Verdict:
    found = next((one for one in domain.boot if one.text == "network"), None)
    if found is not None:
        is_only = len(domain.boot) == 1
        element = found.place.at("")
        do = change.put(found.place, "hd") if is_only else change.drop(element)
        is_first = domain.boot[0] is found
        severity = _SEVERITY[goal] if is_first else Severity.WARNING
        because = "it boots from the network" + ("" if is_first else ", where the disk does not boot")
        shown = "<boot dev='hd'/>" if is_only else ""
        text = "boot from a disk" if is_only else "take the network out of the boot order"
        return Fail(because, (found.place,), edit(text, shown, do), severity, value="network")
    orders = [one for one in domain.devices if one.boot_order is not None]
    device = next((one for one in orders if one.kind == "interface"), None)
    if device is not None:
        is_first = all((device.boot_order or 0) <= (one.boot_order or 0) for one in orders)
        severity = _SEVERITY[goal] if is_first else Severity.WARNING
        because = "it boots from a network interface" + ("" if is_first else ", where the disk does not boot")
        return Fail(because, (device.place,), edit("boot from a disk"), severity, value="interface")
    return Pass("it does not boot from the network", (domain.boot[0].place if domain.boot else domain.place,))

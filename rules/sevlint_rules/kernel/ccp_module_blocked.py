"""The module ccp is kept from being loaded.

Why    ccp drives the SEV firmware: without it there is no /dev/sev, and kvm_amd, which needs it, may not load either.
Fix    Remove the line or option, then `modprobe ccp` and reload kvm_amd, or reboot.
Refs   linux: drivers/crypto/ccp; Documentation/admin-guide/kernel-parameters.txt (amd-host 3 modprobe.blacklist)

A plain `blacklist ccp` or `modprobe.blacklist=ccp` does no harm: it only stops the loading by hardware alias, and
kvm_amd pulls ccp in by name.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.amd import DevSev
from sevlint.facts.boot import HostModules, ModuleBlocks
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(blocks: ModuleBlocks, modules: HostModules | None, device: DevSev | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    found = next((one for one in blocks.of("ccp") if one.fatal), None)
    if found is None:
        return Pass("nothing keeps ccp from being loaded", (blocks.place,))
    state = modules.ccp if modules is not None else None
    if state is not None and state.present and state.place is not None:
        return Pass("ccp is there all the same", (state.place,))
    missing = state.place if state is not None and state.present is False else None
    proof = missing or (device.place if device is not None and not device.exists else None)
    if proof is None:
        return Open(f"`{found.text}` is there, and nothing says whether ccp is loaded", ("proc/modules", "proc/misc"))
    because = f"`{found.text}` {found.where} keeps ccp, the driver of the SEV firmware, from being loaded"
    return Fail(because, (found.place, proof), remedy=found.remedy, value=found.text)

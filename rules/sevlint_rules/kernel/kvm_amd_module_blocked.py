"""kvm_amd is kept from being loaded.

Why    Nothing loads kvm_amd by name: the kernel asks for it by the CPU's features, which a plain `blacklist` line stops
       as well as `install kvm_amd /bin/false` does.
Fix    Remove the line or option, then `modprobe kvm_amd`.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt; kmod: modprobe.d(5) (amd-host 3 modprobe.blacklist)

It speaks only where a whole list of modules shows that kvm_amd is not loaded: somebody may load it by name all the
same.
"""

from sevlint.api import AMD_SEV, AmdRung, Fail, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import HostModules, ModuleBlocks
from sevlint.facts.cpu import Cpuinfo


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(blocks: ModuleBlocks, modules: HostModules | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    found = blocks.of("kvm_amd")
    if not found:
        return Pass("nothing keeps kvm_amd from being loaded", (blocks.place,))
    state = modules.kvm_amd if modules is not None else None
    if state is None or state.place is None:
        return Open(f"`{found[0].text}` is there, and nothing says whether kvm_amd is loaded", ("proc/modules",))
    if state.present:
        return Pass("kvm_amd is loaded all the same", (state.place,))
    because = f"`{found[0].text}` {found[0].where} keeps kvm_amd from being loaded"
    return Fail(because, (found[0].place, state.place), remedy=found[0].remedy, value=found[0].text)

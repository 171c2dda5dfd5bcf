"""The kernel that runs was built without SEV.

Why    KVM's SEV code and the driver of the SEV firmware are options of the kernel's configuration; without them no
       setting and no module option brings SEV.
       SEV-SNP keeps a guest's memory in guest_memfd, which is an option too: without it QEMU's launch is refused.
Fix    Boot a kernel that has CONFIG_KVM_AMD_SEV=y and CONFIG_CRYPTO_DEV_SP_PSP=y. If CONFIG_KVM_AMD is `y`,
       CONFIG_CRYPTO_DEV_CCP_DD must be `y` too. SEV-SNP needs CONFIG_KVM_PRIVATE_MEM=y (newer kernels:
       CONFIG_KVM_GUEST_MEMFD).
Refs   linux: arch/x86/kvm/Kconfig, drivers/crypto/ccp/Kconfig (amd-host 4.1 kvm_amd without sev); linux:
       arch/x86/kvm/svm/sev.c (amd-host 5.1 #16, 7.3 guest_memfd)

Only the configuration of the running kernel counts: /boot often holds several. A parameter that reads `Y` proves the
support, whatever the file says: `sev` that of SEV, and only `sev_snp` that of SEV-SNP.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Fail,
    Gap,
    Goal,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.boot import PRIVATE_MEMORY_OPTIONS, KernelConfig
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import SevParameters

_REMEDY = Remedy("boot a kernel that is built with CONFIG_KVM_AMD_SEV=y and CONFIG_CRYPTO_DEV_SP_PSP=y")
_PRIVATE = Remedy("boot a kernel that is built with CONFIG_KVM_PRIVATE_MEM=y (newer: CONFIG_KVM_GUEST_MEMFD=y)")
_NEEDED = ("KVM_AMD", "CRYPTO_DEV_CCP_DD", "CRYPTO_DEV_SP_PSP", "KVM_AMD_SEV")
"""Each depends on those before it: the first that is missing is the cause."""


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(config: KernelConfig | Gap, parameters: SevParameters | None, cpu: Cpuinfo | None, goal: Goal) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    lacks = _private_memory(config, parameters) if goal is Goal.SEV_SNP else None
    if parameters is not None and parameters.sev is not None and parameters.sev.is_true:
        return lacks or Pass("KVM has SEV on", (parameters.sev.place,))
    if isinstance(config, Gap):
        return Open("the running kernel's configuration was not collected", config.wanted)
    is_split = config.get("KVM_AMD") == "y" and config.get("CRYPTO_DEV_CCP_DD") == "m"
    if is_split and config.get("KVM_AMD_SEV") != "y":
        because = f"kernel {config.release} has kvm_amd built in and ccp as a module, which leaves SEV out"
        places = (config.place_of("KVM_AMD"), config.place_of("CRYPTO_DEV_CCP_DD"))
        return Fail(because, places, remedy=_REMEDY, value="KVM_AMD=y CRYPTO_DEV_CCP_DD=m")
    for name in _NEEDED:
        value = config.get(name)
        if value == "n":
            because = f"kernel {config.release} was built without CONFIG_{name}, so it has no SEV"
            return Fail(because, (config.place_of(name),), remedy=_REMEDY, value=f"CONFIG_{name}")
        if value is None:
            return Open(f"the configuration that was collected is not whole, and does not name CONFIG_{name}", _WANTED)
    return lacks or Pass(f"kernel {config.release} was built with SEV", (config.place_of("KVM_AMD_SEV"),))


def _private_memory(config: KernelConfig | Gap, parameters: SevParameters | None) -> Fail | Open | None:
    """What SEV-SNP needs beside SEV; None where nothing speaks against it. Only a line that leaves it out does."""
    snp = parameters.sev_snp if parameters is not None else None
    is_on = snp is not None and snp.is_true
    if isinstance(config, Gap):
        return None if is_on else Open("the running kernel's configuration was not collected", config.wanted)
    name = config.left_out(PRIVATE_MEMORY_OPTIONS)
    if name is None:
        return None if is_on or config.whole else Open("the configuration that was collected is not whole", _WANTED)
    if is_on:
        return Open(f"KVM has SEV-SNP on, and the configuration says that CONFIG_{name} is not set")
    because = f"kernel {config.release} was built without CONFIG_{name}, so SEV-SNP guests get no private memory"
    return Fail(because, (config.place_of(name),), remedy=_PRIVATE, value=f"CONFIG_{name}")


_WANTED = ("boot/config-*",)

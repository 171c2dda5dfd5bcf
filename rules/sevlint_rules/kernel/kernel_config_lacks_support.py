"""The kernel that runs was built without SEV.

Why    KVM's SEV code and the driver of the SEV firmware are options of the kernel's configuration; without them no
       setting and no module option brings SEV.
Fix    Boot a kernel that has CONFIG_KVM_AMD_SEV=y and CONFIG_CRYPTO_DEV_SP_PSP=y. If CONFIG_KVM_AMD is `y`,
       CONFIG_CRYPTO_DEV_CCP_DD must be `y` too.
Refs   linux: arch/x86/kvm/Kconfig, drivers/crypto/ccp/Kconfig (amd-host 4.1 kvm_amd without sev)

Only the configuration of the running kernel counts: /boot often holds several. A parameter that reads `Y` proves the
support, whatever the file says.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Fail,
    Gap,
    NotApplicable,
    Open,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    rule,
)
from sevlint.facts.boot import KernelConfig
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import SevParameters

_REMEDY = Remedy("boot a kernel that is built with CONFIG_KVM_AMD_SEV=y and CONFIG_CRYPTO_DEV_SP_PSP=y")
_NEEDED = ("KVM_AMD", "CRYPTO_DEV_CCP_DD", "CRYPTO_DEV_SP_PSP", "KVM_AMD_SEV")
"""Each depends on those before it: the first that is missing is the cause."""


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(config: KernelConfig | Gap, parameters: SevParameters | None, cpu: Cpuinfo | None) -> Verdict:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    if parameters is not None and parameters.sev is not None and parameters.sev.is_true:
        return Pass("KVM has SEV on", (parameters.sev.place,))
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
    return Pass(f"kernel {config.release} was built with SEV", (config.place_of("KVM_AMD_SEV"),))


_WANTED = ("boot/config-*",)

"""The driver waits less for the SEV firmware than it does by default.

Why    A command that takes longer is given up: the kernel prints `timed out, disabling PSP`, and no SEV command works
       until the machine is power cycled.
Fix    Remove `psp_cmd_timeout` and `psp_probe_timeout` from the kernel command line and modprobe.d; the defaults are
       100 and 5 seconds.
Refs   linux: drivers/crypto/ccp/sev-dev.c (amd-host 3 ccp.psp_cmd_timeout, 4.1 psp_cmd_timeout)
"""

from collections.abc import Sequence

from sevlint.api import AMD_SEV, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import ModuleParameters

_DEFAULTS = {"psp_cmd_timeout": 100, "psp_probe_timeout": 5}


@rule(about=Subject.HOST, severity=Severity.NOTE, goals=AMD_SEV)
def judge(parameters: ModuleParameters, cpu: Cpuinfo | None) -> Verdict | Sequence[Fail]:
    if cpu is not None and not cpu.is_amd_host:
        return NotApplicable("no AMD host")
    found = [one for name in _DEFAULTS if (one := parameters.get("ccp", name)) is not None]
    fails = [
        Fail(
            f"the driver ccp waits {one.value} s for the SEV firmware ({one.name}), not {_DEFAULTS[one.name]}",
            (one.place,),
            remedy=Remedy(f"remove `{one.name}` from the kernel command line and modprobe.d, and reboot"),
            value=f"{one.name}={one.value}",
        )
        for one in found
        if one.value.isdigit() and int(one.value) < _DEFAULTS[one.name]
    ]
    if not parameters.has("ccp"):
        return Open("no parameter of ccp was collected", ("sys/module/ccp/parameters/*",))
    if len(found) < len(_DEFAULTS) and not fails:
        return NotApplicable("this kernel's ccp does not have both timeouts as parameters")
    return fails or Pass("the driver waits as long as by default", tuple(one.place for one in found))

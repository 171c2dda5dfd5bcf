"""The launch policy asks for newer SEV firmware than there is.

Why    A policy may name the lowest firmware API that it wants; older firmware refuses the launch with `Policy is not
       allowed`.
Fix    Update the host's SEV firmware, or lower the minimum: bits 16 to 31 of a SEV policy (major, then minor), the
       last 16 of a SEV-SNP policy (major, minor).
Refs   AMD SEV API 55766; SEV-SNP ABI 56860 section 4.3; linux: include/linux/psp-sev.h (libvirt-qemu 1.3 SEV bits 16 to
       31, 1.3 SNP bits 0 to 15, 8 sev-policy-api-minimum-high; amd-host 5.2 #36)

Judged with the host around the domain, or the one that `--host` lends. No firmware has an API with major 2.
"""

from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Confidence,
    Fail,
    NotApplicable,
    Open,
    Pass,
    Severity,
    Subject,
    Verdict,
    edit,
    rule,
)
from sevlint.facts.domain import Domain
from sevlint.facts.trust import SevFirmware

_MAJOR = 1
"""Of every firmware there is (amd-host 8)."""


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.DOMAIN)
def judge(domain: Domain, firmware: SevFirmware | None) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in AMD_SEV or launch.policy_bits is None or launch.policy_place is None:
        return NotApplicable("it has no policy whose bits mean what they say")
    place, (major, minor) = launch.policy_place, launch.api_minimum
    if (major, minor) == (0, 0):
        return Pass("its policy asks for no firmware of its own", (place,))
    asked = f"its policy asks for SEV firmware API {major}.{minor} or newer"
    if firmware is not None and (major, minor) <= firmware.version[:2]:
        return Pass(f"{asked}, and the host has {firmware.text}", (place, firmware.place))
    remedy = edit("lower the minimum, or update the host's SEV firmware")
    if firmware is not None:
        because = f"{asked}, and the host has {firmware.text}"
        return Fail(because, (place, firmware.place), remedy, value=f"{major}.{minor}")
    if major > _MAJOR:
        because = f"{asked}, and there is none of major {_MAJOR + 1}"
        low = Confidence.LOW
        return Fail(because, (place,), remedy, severity=Severity.WARNING, confidence=low, value=f"{major}.{minor}")
    return Open(f"{asked}: which firmware the host has was not collected", ("cmd/dmesg",))

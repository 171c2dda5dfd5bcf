"""The launch policy lets the host read the guest's memory.

Why    With debugging allowed the hypervisor may ask the firmware to decrypt any page of the guest: the protection is
       gone, and attestation says so.
Fix    Forbid it: SEV and SEV-ES policy with bit 0 set (0x0001, better 0x0007), SEV-SNP policy with bit 19 clear
       (0x30000), TDX policy with bit 0 clear (0x10000000).
Refs   AMD SEV API 55766, SEV-SNP ABI 56860 section 4.3; libvirt: docs/formatdomain.rst (libvirt-qemu 1.3);
       intel-tdx 7.3

libvirt reads a policy as hexadecimal always, with or without `0x`.
"""

from sevlint.api import X86, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain

_NODBG = 1 << 0
_SNP_DEBUG = 1 << 19
_TDX_DEBUG = 1 << 0


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in X86:
        return NotApplicable("it has no launch policy")
    place = launch.policy_place or launch.place
    if launch.policy is None:
        if launch.goal is Goal.TDX and launch.policy_place is None:
            return Pass("QEMU's default policy forbids debugging", (launch.place,))
        return Open("its policy is missing or no hexadecimal number")
    if launch.goal is Goal.SEV_SNP:
        is_open, mended = bool(launch.policy & _SNP_DEBUG), f"0x{launch.policy & ~_SNP_DEBUG:08x}"
    elif launch.goal is Goal.TDX:
        is_open, mended = bool(launch.policy & _TDX_DEBUG), f"0x{launch.policy & ~_TDX_DEBUG:08x}"
    else:
        is_open, mended = not launch.policy & _NODBG, f"0x{launch.policy | _NODBG:04x}"
    if not is_open:
        return Pass("its policy forbids debugging", (place,))
    because = f"its policy {launch.policy_text} lets the host decrypt the guest's memory"
    if not launch.policy_text.lower().startswith("0x"):
        because += f" (libvirt reads it as 0x{launch.policy:x})"
    remedy = edit("forbid debugging", f"<policy>{mended}</policy>")
    return Fail(because, (place,), remedy=remedy, value=f"0x{launch.policy:x}")

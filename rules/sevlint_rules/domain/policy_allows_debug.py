"""The launch policy lets the host read the guest's memory.

Why    With debugging allowed the hypervisor may ask the firmware to decrypt any page of the guest: the protection is
       gone, and attestation says so.
Fix    Forbid it: SEV and SEV-ES policy with bit 0 set (0x0001, better 0x0007), SEV-SNP policy with bit 19 clear
       (0x30000), TDX policy with bit 0 clear (0x10000000).
Refs   AMD SEV API 55766, SEV-SNP ABI 56860 section 4.3; libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 base 16, 1.3
       SEV bit 0, 1.3 SEV 0x0000, 1.3 SNP bit 19, 1.3 TDX policy, 1.3 TDX default, 8 sev-policy-debug-allowed, 8
       snp-policy-debug-allowed, 8 tdx-attributes-debug); qemu: target/i386/kvm/tdx.c (intel-tdx 7.2 bit 0, 7.3 QEMU and
       DEBUG, 7.3 0x10000001)

libvirt reads a policy as hexadecimal always, with or without `0x`; of a number that only makes sense in decimal
policy-read-as-hex speaks alone. The policy proposed here is one that every kernel and firmware starts.

QEMU itself refuses bit 0 of TDX: 0x10000001, an example that circulates, does not even start.
"""

from sevlint.api import X86, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_NODBG = 1 << 0
_SEV_BITS = 0x3F
_SNP_DEBUG = 1 << 19
_SNP_ALWAYS = 0x30000
_SNP_ABI = 0xFFFF
_SNP_ABI_MAJOR = 0x0100
"""No SEV-SNP firmware has a later major (amd-host 8): a policy that asks for one cannot start."""
_TDX_DEBUG = 1 << 0
_TDX_ONLY = 0x10000000
"""The only attribute that KVM accepts (intel-tdx 7.3 KVM)."""


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86)
def judge(domain: Domain) -> Verdict:
    launch = domain.launch_security
    if launch is None or launch.goal not in X86:
        return NotApplicable("it has no launch policy")
    place = launch.policy_place or launch.place
    policy = launch.policy
    if policy is None:
        if launch.goal is Goal.TDX and launch.policy_place is None:
            return Pass("QEMU's default policy forbids debugging", (launch.place,))
        return Open("its policy is missing or no hexadecimal number")
    if launch.decimal_policy is not None:
        return NotApplicable("its policy was meant in decimal: policy-read-as-hex says what comes of it")
    if launch.goal is Goal.SEV_SNP:
        is_open, closed, mended = bool(policy & _SNP_DEBUG), policy & ~_SNP_DEBUG, f"0x{_snp(policy):08x}"
    elif launch.goal is Goal.TDX:
        is_open, closed, mended = bool(policy & _TDX_DEBUG), policy & ~_TDX_DEBUG, f"0x{_TDX_ONLY:08x}"
    else:
        is_open, closed, mended = not policy & _NODBG, policy | _NODBG, f"0x{policy & _SEV_BITS | _NODBG:04x}"
    if not is_open:
        return Pass("its policy forbids debugging", (place,))
    because = f"its policy {launch.policy_text} lets the host decrypt the guest's memory"
    if not launch.policy_text.lower().startswith("0x"):
        because += f" (libvirt reads it as 0x{policy:x})"
    is_safe = int(mended, 16) == closed  # else it drops what older kernels or every firmware refuse
    put = change.put(place, mended)
    remedy = edit("forbid debugging", f"<policy>{mended}</policy>", put, safe=is_safe)
    return Fail(because, (place,), remedy=remedy, value=f"0x{policy:x}")


def _snp(policy: int) -> int:
    """A policy that starts, without any optional bit; the minimum ABI stays if there is such firmware."""
    abi = policy & _SNP_ABI
    return _SNP_ALWAYS | (abi if abi < _SNP_ABI_MAJOR << 1 else 0)

"""The SEV-SNP policy has what KVM or the host's firmware does not start.

Why    Kernels up to 6.16 demand that SMT is allowed (bit 16) and refuse SINGLE_SOCKET (bit 20) with `SNP_LAUNCH_START
       ret=-22 fw_error=0`; later ones leave both to the firmware, which refuses them on a host with SMT or with two
       sockets. The migration agent (bit 18) no kernel accepts; bits 21 to 25 (CXL, AES-256-XTS, RAPL, ciphertext
       hiding, page swap) only those from about 6.19 on.
Fix    Write 0x00030000, which every kernel starts; or bring the host to what the policy asks for.
Refs   SEV-SNP ABI 56860 section 4.3; linux: commits 24be2b7956a5, 275d6d1189e6; AMDESE/AMDSEV issue 240 (libvirt-qemu
       1.3 SNP bit 16, 1.3 SNP bit 18, 1.3 SNP bit 20, 1.3 SNP bit 21, 1.3 SNP bit 22, 1.3 SNP bit 23, 1.3 SNP bit 24,
       1.3 SNP bit 25, 1.3 SNP default, 1.3 SNP ret=-22, 3.2 single socket, 8 snp-policy-migration-agent, 8
       snp-policy-smt-forbidden, 8 snp-policy-single-socket, 8 snp-policy-feature-bit-unsupported; amd-host 2 SMT)

Judged with the host around the domain, or the one that `--host` lends; without one a warning, as for distributions'
kernels, which backport.
"""

from collections.abc import Sequence

from sevlint.api import (
    AmdRung,
    Change,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Place,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain
from sevlint.facts.kernel import KernelVersion
from sevlint.facts.versions import SNP_POLICY_FEATURES, SNP_POLICY_FEATURES_REFUSED, SNP_POLICY_FREE

_SMT, _MIGRATE_MA, _SINGLE_SOCKET = 1 << 16, 1 << 18, 1 << 20
_FEATURES = 0b11111 << 21


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals={Goal.SEV_SNP},
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain, kernel: KernelVersion | None, cpu: Cpuinfo | None) -> Verdict | Sequence[Fail]:
    found = domain.policy_of(Goal.SEV_SNP)
    if found is None:
        return NotApplicable("it has no SEV-SNP policy whose bits mean what they say")
    policy, place = found
    smt, sockets = (cpu.smt, cpu.sockets) if cpu is not None else (None, None)
    seen = (place, *(one.place for one in (kernel, cpu) if one is not None))
    is_old, is_new = _before(kernel, SNP_POLICY_FREE), _from(kernel, SNP_POLICY_FREE)
    fails = []
    if policy & _MIGRATE_MA:
        put = _put(place, policy & ~_MIGRATE_MA)
        remedy = edit("do not let a migration agent in", f"<policy>{put.text}</policy>", put, safe=True)
        because = f"its policy 0x{policy:x} lets a migration agent in (bit 18), which KVM refuses"
        fails.append(Fail(because, (place,), remedy, value="bit 18"))
    if not policy & _SMT and not (is_new and smt is False):
        because = f"its policy 0x{policy:x} forbids SMT (bit 16 is clear), which needs kernel 6.17 and SMT off"
        fails.append(_fail(because, seen, _put(place, policy | _SMT), is_old or smt is True))
    if policy & _SINGLE_SOCKET and not (is_new and sockets == 1):
        because = f"its policy 0x{policy:x} wants a single socket (bit 20), which needs kernel 6.17 and such a host"
        fails.append(_fail(because, seen, _put(place, policy & ~_SINGLE_SOCKET), is_old or (sockets or 1) > 1))
    if policy & _FEATURES and not _from(kernel, SNP_POLICY_FEATURES):
        because = f"its policy 0x{policy:x} sets bits of 21 to 25, which needs about kernel 6.19"
        refused = _before(kernel, SNP_POLICY_FEATURES_REFUSED)
        fails.append(_fail(because, seen, _put(place, policy & ~_FEATURES), refused))
    return fails or Pass("its policy has nothing that KVM is known to refuse", seen)


def _before(kernel: KernelVersion | None, version: tuple[int, int]) -> bool:
    """Surely older: a distribution's kernel may have it backported."""
    return kernel is not None and not kernel.vendor and kernel.version < version


def _from(kernel: KernelVersion | None, version: tuple[int, int]) -> bool:
    return kernel is not None and kernel.version >= version


def _put(place: Place, policy: int) -> Change:
    return change.put(place, f"0x{policy:08x}")


def _fail(because: str, seen: tuple[Place, ...], put: Change, is_refused: bool) -> Fail:
    remedy = edit("take it back, or run it on a host that has this", f"<policy>{put.text}</policy>", put)
    if is_refused:
        return Fail(f"{because}: this host refuses it", seen, remedy, value=put.text)
    return Fail(because, seen, remedy, severity=Severity.WARNING, value=put.text)

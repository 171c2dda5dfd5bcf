"""kvm_amd cannot read a parameter's value, so the module does not load.

Why    A module that cannot read one of its parameters is not loaded at all, and without kvm_amd there is no KVM.
Fix    Write a value that the kernel knows, or remove the option.
Refs   linux: kernel/params.c, arch/x86/kvm/svm/sev.c (amd-host 3 kvm_amd.sev, 3 kvm_amd.sev_es,
       3 kvm_amd.ciphertext_hiding_asids, 3 bool values, 7.4 parameter)

Since Linux 5.13 `sev` and `sev_es` take `1`, `y`, `on`, `0`, `n`, `off`; before, they were numbers, and `Y` or `on` was
refused. `ciphertext_hiding_asids` takes a number; `max` and `-1` were words of patches that were not merged so. A
distribution's kernel may have either form: there only a module that is missing proves it.
"""

import re
from collections.abc import Sequence

from sevlint.api import AMD_SEV, AmdRung, Confidence, Fail, Open, Pass, Place, Severity, Subject, Verdict, rule
from sevlint.facts.boot import Asked, HostModules, ModuleRequests
from sevlint.facts.kernel import SEV_ON_BY_DEFAULT, KernelVersion
from sevlint.facts.log import KernelLog

_INT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|\d+)")
_BOOL = re.compile(r"[yYtTnNfF01]|[oO][nNfF]")
_NUMBER = re.compile(r"\+?(?:0[xX][0-9a-fA-F]+|\d+)")


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV, rung=AmdRung.KERNEL_OPTIONS)
def judge(
    requests: ModuleRequests, modules: HostModules | None, kernel: KernelVersion | None, log: KernelLog | None
) -> Verdict | Sequence[Fail]:
    state = modules.kvm_amd if modules is not None else None
    if state is not None and state.present and state.place is not None:
        return Pass("kvm_amd is loaded, so it could read them", (state.place,))
    suspects = [one for one in _asked(requests) if _is_invalid(*one, kernel)]
    said = log.last("module-parameter-invalid") if log is not None else None
    missing = state.place if state is not None and state.present is False else None
    proof = said.place if said is not None and said.get("module") == "kvm_amd" else missing
    certain = [one for one in suspects if proof is not None or not _is_in_doubt(one[1], kernel)]
    if suspects and not certain:
        return Open("whether this kernel takes words for it, and whether kvm_amd is loaded, is not known", _WANTED)
    fails = [_fail(asked, name, proof) for asked, name in certain]
    return fails or Pass("kvm_amd can read every value that is asked for", (requests.place,))


_WANTED = ("proc/modules", "cmd/uname", "sys/module/kvm_amd/parameters/*")


def _asked(requests: ModuleRequests) -> list[tuple[Asked, str]]:
    names = ("sev", "sev_es", "ciphertext_hiding_asids")
    mine = (one for one in requests.items if one.module == "kvm_amd" and one.parameter in names)
    return [(asked, one.parameter) for one in mine for asked in one.asked]


def _is_invalid(asked: Asked, name: str, kernel: KernelVersion | None) -> bool:
    value = asked.option.value
    if name == "ciphertext_hiding_asids":
        return value is None or _NUMBER.fullmatch(value) is None
    if kernel is None or kernel.version < SEV_ON_BY_DEFAULT:
        return value is None or _INT.fullmatch(value) is None
    return value is not None and _BOOL.match(value) is None


def _is_in_doubt(name: str, kernel: KernelVersion | None) -> bool:
    """A distribution may have backported the words."""
    if name == "ciphertext_hiding_asids":
        return False
    return kernel is None or (kernel.vendor and kernel.version < SEV_ON_BY_DEFAULT)


def _fail(asked: Asked, name: str, proof: Place | None) -> Fail:
    places = (asked.option.place, proof) if proof is not None else (asked.option.place,)
    because = f"kvm_amd cannot read `{asked.option.text}` {asked.where}, and a module that cannot is not loaded"
    severity = Severity.WARNING if name == "ciphertext_hiding_asids" else None
    confidence = Confidence.LOW if severity else Confidence.HIGH if proof is not None else Confidence.MEDIUM
    return Fail(because, places, remedy=asked.remedy, severity=severity, confidence=confidence, value=asked.option.text)

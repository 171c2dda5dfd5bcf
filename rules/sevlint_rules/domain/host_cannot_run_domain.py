"""The host cannot run this domain.

Why    The domain asks for a protection that KVM, or QEMU under libvirt, does not offer on this host: it will not start.
Fix    Mend the host's own fault, or place the domain on a host that offers it.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0 outcome); libvirt: docs/formatdomaincaps.rst (libvirt-qemu 4.2)

Judged with the host around the domain, or the one that `--host` lends. A symptom: it folds under the host's fault.
"""

from sevlint.api import X86, AmdRung, Fail, Goal, NotApplicable, Open, Pass, Place, Severity, Subject, Verdict, rule
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.facts.domain import Domain
from sevlint.facts.kernel import ModuleParameters
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import QEMU, text

_PARAMETER = {
    Goal.SEV: ("kvm_amd", "sev"),
    Goal.SEV_ES: ("kvm_amd", "sev_es"),
    Goal.SEV_SNP: ("kvm_amd", "sev_snp"),
    Goal.TDX: ("kvm_intel", "tdx"),
}

_CAUSES = ("sev-parameter-off", "sev-es-parameter-off", "snp-parameter-off", "dev-sev-missing")


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    symptom=True,
    because_of=_CAUSES,
)
def judge(
    domain: Domain,
    parameters: ModuleParameters,
    versions: StackVersions | None,
    capabilities: SevDomainCapabilities | None,
    goal: Goal,
) -> Verdict:
    module, name = _PARAMETER[goal]
    other = "kvm_intel" if module == "kvm_amd" else "kvm_amd"
    found = parameters.get(module, name)
    if found is None:
        lists = module if parameters.has(module) else other
        if not parameters.lists(lists):
            return Open(f"the parameter {name} of {module} was not collected", (f"sys/module/{module}/parameters/*",))
        one = next(item.place for item in parameters.items if item.module == lists)
        place = Place(one.path.rpartition("/")[0], note="the files of this directory", source=one.source)
        what = f"{module} does not know" if lists == module else f"KVM is {other}, which cannot run"
        return Fail(f"the host's {what} {goal.value}", (domain.place, place))
    if found.is_false:
        return Fail(f"the host's KVM has {goal.value} off", (domain.place, found.place))
    offers = capabilities is not None and goal.value in capabilities.sectypes
    qemu = versions.qemu if versions is not None else None
    if goal in QEMU and qemu is not None and qemu.version < QEMU[goal] and not offers and not _own(domain):
        because = f"the host's QEMU {qemu.text} cannot run {goal.value}: that needs {text(QEMU[goal])}"
        return Fail(because, (domain.place, qemu.place))
    if goal in QEMU and qemu is None and not offers:
        return Open("the version of the host's QEMU was not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    if domain.launch_security is None:
        return NotApplicable("the domain asks for no protection")
    return Pass(f"the host's KVM has {goal.value} on", (found.place,))


def _own(domain: Domain) -> bool:
    return bool(domain.emulator) and not domain.emulator.startswith(("/usr/bin/", "/usr/libexec/", "/bin/"))

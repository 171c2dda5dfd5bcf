"""The host cannot run this domain.

Why    The domain asks for a protection that KVM, or QEMU under libvirt, does not offer on this host: it will not start.
Fix    Mend the host's own fault, or place the domain on a host that offers it.
Refs   linux: arch/x86/kvm/svm/sev.c (amd-host 0 outcome); libvirt: docs/formatdomaincaps.rst (libvirt-qemu 1.1 domcaps
       gate, 2.1 QEMU binary, 2.1 older QEMU binary, 3.3 #12, 4.2 sectype; intel-tdx 7.4 capability, 7.4 vendor)

Judged with the host around the domain, or the one that `--host` lends. A symptom: it folds under the host's fault.
"""

from sevlint.api import X86, AmdRung, Fail, Goal, NotApplicable, Open, Pass, Place, Severity, Subject, Verdict, rule
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain
from sevlint.facts.kernel import KernelVersion, ModuleParameters, SevDecisions
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import KERNEL, LIBVIRT, QEMU, text

_PARAMETER = {
    Goal.SEV: ("kvm_amd", "sev"),
    Goal.SEV_ES: ("kvm_amd", "sev_es"),
    Goal.SEV_SNP: ("kvm_amd", "sev_snp"),
    Goal.TDX: ("kvm_intel", "tdx"),
}

_CPU_HOSTS = {"naples": (Goal.SEV_ES, Goal.SEV_SNP, Goal.TDX), "rome": (Goal.SEV_SNP, Goal.TDX)}
"""What generations of EPYC cannot run (amd-host 1.3)."""
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
    parameters: ModuleParameters | None,
    decisions: SevDecisions | None,
    cpu: Cpuinfo | None,
    kernel: KernelVersion | None,
    versions: StackVersions | None,
    capabilities: SevDomainCapabilities | None,
    goal: Goal,
) -> Verdict:
    decision = decisions.of(goal) if decisions is not None else None
    if decision is not None and decision.offers is False:
        return Fail(f"the host's KVM has {goal.value} off", (domain.place, decision.place))
    if parameters is None:
        return _by_versions(domain, goal, (cpu, kernel, versions))
    module, name = _PARAMETER[goal]
    other = "kvm_intel" if module == "kvm_amd" else "kvm_amd"
    found = parameters.get(module, name)
    if found is None and decision is not None:
        return decision.unproven
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


def _by_versions(
    domain: Domain, goal: Goal, known: tuple[Cpuinfo | None, KernelVersion | None, StackVersions | None]
) -> Verdict:
    """Where KVM's own decision is not known: what can be said of the parts of the host that are."""
    cpu, kernel, versions = known
    generation = cpu.generation if cpu is not None and not cpu.in_vm else ""
    if cpu is not None and goal in _CPU_HOSTS.get(generation, ()):
        return Fail(
            f"the host's CPU ({generation.capitalize()}) cannot run {goal.value}", (domain.place, cpu.model_place)
        )
    if cpu is not None and not cpu.in_vm and (cpu.is_amd if goal is Goal.TDX else cpu.is_intel):
        return Fail(f"the host's CPU ({cpu.vendor}) cannot run {goal.value}", (domain.place, cpu.place))
    if kernel is not None and not kernel.vendor and goal in KERNEL and kernel.version < KERNEL[goal]:
        because = f"the host's kernel {kernel.release} cannot run {goal.value}: that needs {text(KERNEL[goal])}"
        return Fail(because, (domain.place, kernel.place))
    for name, part, needed in (
        ("QEMU", versions.qemu if versions else None, QEMU),
        ("libvirt", versions.libvirt if versions else None, LIBVIRT),
    ):
        if part is not None and goal in needed and part.version < needed[goal]:
            because = f"the host's {name} {part.text} cannot run {goal.value}: that needs {text(needed[goal])}"
            return Fail(because, (domain.place, part.place))
    return Open("what the host's KVM decided was not collected", (f"sys/module/{_PARAMETER[goal][0]}/parameters/*",))


def _own(domain: Domain) -> bool:
    return bool(domain.emulator) and not domain.emulator.startswith(("/usr/bin/", "/usr/libexec/", "/bin/"))

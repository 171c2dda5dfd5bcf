"""The kernel is too old to show the CPU's `sev_snp` flag.

Why    Kernels before 6.9 never show `sev_snp` in /proc/cpuinfo, whatever the CPU and the BIOS; on Turin kernels before
       6.14 clear it without a word, as they cannot read that CPU's RMP table.
Fix    Boot a kernel that knows the flag; the BIOS is not at fault, and no setting of it brings the flag back.
Refs   linux: arch/x86/include/asm/cpufeatures.h (amd-host 1.1 sev_snp); linux: arch/x86/kernel/cpu/amd.c
       (amd-host 0 #4, 1.2 RMPREAD, 1.2 flag stays, 9 #4; peer-checks 1 #5)

A symptom: it folds under host-kernel-too-old, which names the version that hosts guests. The flag is no proof that
SEV-SNP works either: it stays when the IOMMU, the RMP table's size or the firmware refuse (amd-host 9 #4). On Turin a
kernel log that reaches back to boot and has no line about an RMP shows, of a distribution's kernel too, that it did not
look for one.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.amd import RmpSearch
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.kernel import KernelVersion, ModuleParameters

_SHOWN = (6, 9)
_SHOWN_ON_TURIN = (6, 14)
_HAVE_SNP = ("milan", "genoa", "bergamo", "turin")


@rule(
    about=Subject.HOST,
    severity=Severity.ERROR,
    goals={Goal.SEV_SNP},
    symptom=True,
    because_of=("host-kernel-too-old",),
)
def judge(cpu: Cpuinfo, kernel: KernelVersion, parameters: ModuleParameters | None, rmp: RmpSearch | None) -> Verdict:
    if cpu.in_vm or cpu.generation not in _HAVE_SNP or "sev" not in cpu.flags:
        return NotApplicable("no host whose CPU could show `sev_snp` and shows `sev`")
    if "sev_snp" in cpu.flags:
        return Pass("cpuinfo shows `sev_snp`", (cpu.flags_place,))
    if rmp is not None and rmp.looked:
        return NotApplicable("the kernel looked for the RMP table, so it knows the flag")
    needed = _SHOWN_ON_TURIN if cpu.generation == "turin" else _SHOWN
    if kernel.version >= needed:
        return Pass(f"kernel {kernel.release} knows the flag: something else took it away", (kernel.place,))
    lacks = parameters is not None and parameters.lists("kvm_amd") and parameters.get("kvm_amd", "sev_snp") is None
    text = ".".join(map(str, needed))
    remedy = upgrade("the host's kernel", text)
    if kernel.vendor and not lacks and rmp is not None and cpu.generation == "turin":
        because = f"kernel {kernel.release} does not show `sev_snp` on Turin: it did not look for an RMP table"
        seen = (cpu.flags_place, kernel.place, rmp.place)
        return Fail(because, seen, remedy=remedy, confidence=Confidence.MEDIUM, value=kernel.release)
    if kernel.vendor and not lacks:
        return Open(f"kernel {kernel.release} is a distribution's, which may know the flag", ("cmd/dmesg",))
    because = (
        f"kernel {kernel.release} does not show `sev_snp` on {cpu.generation.capitalize()}: that is no BIOS setting"
    )
    return Fail(because, (cpu.flags_place, kernel.place), remedy=remedy, value=kernel.release)

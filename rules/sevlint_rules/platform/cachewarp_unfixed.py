"""This EPYC generation has no fix for CacheWarp.

Why    A malicious hypervisor can drop a guest's writes from the cache (INVD), and so roll parts of its memory back. For
       EPYC 7001 and 7002 no fix is known: their SEV and SEV-ES guests have confidentiality, and no integrity.
Fix    Nothing on this host mends it: run guests that need integrity as SEV-SNP guests on EPYC 7003 or newer, with
       current microcode.
Refs   AMD-SB-3005 (CVE-2023-20592) (amd-host 8.1 CVE-2023-20592, 8.1 numbers mixed up)

No statement of AMD could be read that these have no fix, hence the low confidence. SEV and SEV-ES never promised
integrity. The number is often mixed up with AMD-SB-3015, which is BadRAM.
"""

from sevlint.api import Confidence, Fail, Goal, NotApplicable, Severity, Subject, Verdict, rule
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.trust import AmdBulletins


@rule(
    about=Subject.HOST,
    severity=Severity.NOTE,
    goals={Goal.SEV, Goal.SEV_ES},
    confidence=Confidence.LOW,
)
def judge(cpu: Cpuinfo, known: AmdBulletins) -> Verdict:
    bulletin = known.get("cachewarp")
    if cpu.in_vm or cpu.generation not in bulletin.unfixed:
        return NotApplicable("no EPYC of the generations without a fix")
    because = f"{cpu.generation.capitalize()} has no known fix for {bulletin.label}: rely on no integrity of its guests"
    return Fail(because, (cpu.model_place,), value=cpu.generation)

"""The BIOS holds platform initialisation code older than AMD's bulletins ask for.

Why    Some faults of SEV-SNP are mended by AMD's platform initialisation code (AGESA) alone, which the BIOS brings; no
       firmware or microcode version shows whether it is there.
Fix    Update the BIOS to one that holds the named code or newer; its vendor's release notes say which one it holds.
Refs   AMD-SB-3020 (CVE-2025-0033) (amd-host 8 what can be read, 8.1 CVE-2025-0033); AMD-SB-3011 (CVE-2024-21980)
       (amd-host 8.1 CVE-2024-21980); AMD-SB-3023 (CVE-2025-48514) (peer-checks 18 CVE-2025-48514)

It speaks only where the version of the BIOS names that code, such as `MilanPI 1.0.0.D`. Most do not, and a date proves
nothing.
"""

from collections.abc import Sequence

from sevlint.api import Fail, Goal, Needs, NotApplicable, Open, Pass, Severity, Subject, Verdict, rule, upgrade
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.platform import Dmi
from sevlint.facts.trust import AmdBulletins, platform_code


@rule(about=Subject.HOST, severity=Severity.NOTE, goals={Goal.SEV_SNP})
def judge(cpu: Cpuinfo, dmi: Dmi | None, known: AmdBulletins) -> Verdict | Sequence[Fail]:
    due = [one for one in known.bulletins if one.needs_pi and cpu.generation in one.minima]
    if cpu.in_vm or not due:
        return NotApplicable("no such bulletin for this generation")
    if dmi is None:
        return Open("the version of the BIOS was not collected", ("sys/class/dmi/id/bios_version",))
    here = platform_code(dmi.bios_version)
    if here is None:
        return NotApplicable("the BIOS does not name its platform initialisation code: its vendor's notes do")
    fails = []
    for bulletin in due:
        minimum = bulletin.minima[cpu.generation].pi
        wanted = platform_code(minimum)
        if wanted is not None and here[0] == wanted[0] and here[1] < wanted[1]:
            because = f"BIOS {dmi.bios_version} is older than {minimum} ({bulletin.label})"
            remedy = upgrade("the BIOS (AGESA)", minimum, Needs.COLD_BOOT)
            fails.append(Fail(because, (dmi.bios_place or dmi.place,), remedy=remedy, value=bulletin.cves[0]))
    return fails or Pass(f"BIOS {dmi.bios_version} is not below any bulletin", (dmi.bios_place or dmi.place,))

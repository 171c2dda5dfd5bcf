"""The processor is not fused: it is no production part.

Why    An unfused part is not secured as production parts are: its attestation reports must not be trusted.
Fix    Run confidential guests on production parts only, and do not trust what was attested by this one.
Refs   linux: Documentation/ABI/testing/sysfs-driver-ccp (amd-host 4.4 fused_part, 4.4 absence, 8.3 fused_part)

The file is there only where the PSP reports its fuses: where it is missing nothing follows.
"""

from sevlint.api import AMD_SEV, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.trust import PspSecurity


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(psp: PspSecurity | None) -> Verdict:
    if psp is None:
        return Open("what the PSP reports of itself was not collected", ("sys/bus/pci/devices/*/fused_part",))
    found = psp.all("fused_part")
    bad = tuple(item for item in found if item.value == "0")
    if bad:
        remedy = Remedy("replace the processor by a production part")
        because = f"the processor is not fused (PSP {bad[0].device}): its attestation proves nothing"
        return Fail(because, tuple(item.place for item in bad), remedy=remedy)
    if not any(item.value == "1" for item in found):
        return NotApplicable("the PSP does not report whether the part is fused")
    return Pass("the processor is fused", tuple(item.place for item in found))

"""The processor's debug port is not locked.

Why    A part whose debug lock is off is not secured as production parts are: its attestation must not be trusted.
Fix    Run confidential guests on parts whose debug lock is on; ask the vendor if a production part shows this.
Refs   linux: Documentation/ABI/testing/sysfs-driver-ccp (amd-host 4.4 debug_lock_on, 4.4 absence, 8.3 debug_lock_on)

The file is there only where the PSP reports its locks: where it is missing nothing follows.
"""

from sevlint.api import AMD_SEV, Fail, NotApplicable, Open, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.trust import PspSecurity


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=AMD_SEV)
def judge(psp: PspSecurity | None) -> Verdict:
    if psp is None:
        return Open("what the PSP reports of itself was not collected", ("sys/bus/pci/devices/*/debug_lock_on",))
    found = psp.all("debug_lock_on")
    bad = tuple(item for item in found if item.value == "0")
    if bad:
        remedy = Remedy("take the part out of service for confidential guests, and ask its vendor about the lock")
        because = f"the processor's debug port is unlocked (PSP {bad[0].device})"
        return Fail(because, tuple(item.place for item in bad), remedy=remedy)
    if not any(item.value == "1" for item in found):
        return NotApplicable("the PSP does not report whether debugging is locked")
    return Pass("debugging is locked", tuple(item.place for item in found))

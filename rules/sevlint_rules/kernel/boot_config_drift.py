"""The next boot will run with other options than this one.

Why    What was tested is what runs now; a file that counts from the next boot or the next load of a module on has an
       option that breaks it, or lacks one that it needs, and nobody will think of it after the next maintenance.
Fix    Correct the file (and regenerate the boot entries or the initramfs from it), or reboot now, while somebody is
       watching.
Refs   linux: Documentation/admin-guide/kernel-parameters.txt (amd-host 3 next boot, 3 modprobe.d,
       3 modprobe.blacklist, 3 bool values, 3 iommu=nopt; snapshots 5.5)

/etc/default/grub and /etc/kernel/cmdline are templates: what they hold counts from the next regeneration on. A line of
modprobe.d counts from the next load of the module on; where the initramfs loads it, only after the initramfs has been
built anew, as it has its own copy. So a line that breaks what works now was written since, or waits for that. A plain
blacklist stops kvm_amd, which nothing loads by name, unless somebody does; so does a value of `kvm_amd.sev` or
`kvm_amd.sev_es` that the kernel cannot read.
"""

from sevlint.api import CONFIDENTIAL, Confidence, Fail, Gap, Goal, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.boot import NextBootChanges, PendingBreaks
from sevlint.facts.kernel import NextBootCmdline

_WANTED = ("sys/module/kvm_amd/parameters/*", "proc/modules")


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(
    following: NextBootCmdline | Gap, changes: NextBootChanges | Gap, pending: PendingBreaks | None, goal: Goal
) -> Verdict:
    waiting = pending.of(goal) if pending is not None else None
    if waiting is not None and waiting.now is None:
        return Open(f"`{waiting.text}` is in {waiting.place.path}, and whether it holds now was not collected", _WANTED)
    if waiting is not None and waiting.now is not None:
        places, sure = (waiting.place, waiting.now), Confidence.MEDIUM
        return Fail(waiting.message, places, remedy=waiting.remedy, confidence=sure, value=waiting.text)
    if isinstance(following, Gap):
        return Open("where the next boot's options are kept was not collected", following.wanted)
    if isinstance(changes, Gap):
        return Open("the command line of this boot was not collected", changes.wanted)
    change = changes.of(goal)
    if change is not None:
        value, severity = " ".join(change.texts), None if change.certain else Severity.NOTE
        low = None if change.certain else Confidence.LOW
        return Fail(change.message, change.places, remedy=change.remedy, severity=severity, confidence=low, value=value)
    same = tuple(one.place for one in following.counting if one.default)
    return following.doubt or Pass("the next boot asks for nothing that breaks it", same)

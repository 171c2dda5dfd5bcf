"""A memory balloon, which does nothing for a confidential guest, or harm.

Why    SEV and SEV-ES pin the guest's memory: QEMU inhibits the balloon. Under SEV-SNP and TDX it would give back
       private pages, which guest drivers may refuse or lose; it matters where `<currentMemory>` has it inflated.
Fix    `<memballoon model='none'/>`, and `<currentMemory>` as large as `<memory>`.
Refs   qemu: hw/virtio/virtio-balloon.c, target/i386/sev.c (libvirt-qemu 3.2 balloon, 3.2 balloon SEV-SNP, 8
       balloon-device)

libvirt adds a balloon where none is written, hence a note. What guests of SEV-SNP and TDX do with an inflated one is
not sourced well: a warning of low confidence.
"""

from sevlint.api import X86, Confidence, Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_SEVERITY = {
    Goal.SEV: Severity.NOTE,
    Goal.SEV_ES: Severity.NOTE,
    Goal.SEV_SNP: Severity.WARNING,
    Goal.TDX: Severity.WARNING,
}
_NONE = "<memballoon model='none'/>"


@rule(about=Subject.DOMAIN, severity=_SEVERITY, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    balloon = next(iter(domain.all("memballoon")), None)
    if balloon is None:
        return NotApplicable("it names no balloon")
    place = balloon.place.at("model")
    if balloon.model == "none":
        return Pass("it has no balloon", (place,))
    remedy = edit("drop the balloon", _NONE, change.put(balloon.place, _NONE))
    is_inflated = domain.current_memory_kib is not None and domain.current_memory_kib < (domain.memory_kib or 0)
    if is_inflated:
        because = "its balloon is inflated at start: currentMemory is below memory"
        return Fail(because, (place,), remedy=remedy, confidence=Confidence.LOW, value="inflated")
    because = "its balloon is of no use: the memory of a confidential guest cannot be given back"
    return Fail(because, (place,), remedy=remedy, severity=Severity.NOTE, value=balloon.model)

"""The domain XML cannot be read.

Why    Nothing in the file can be judged, not even whether it asks for protection; libvirt refuses what is not
       well-formed.
Fix    Mend the XML at the place named, or remove the DOCTYPE: libvirt needs none, and sevlint expands no entity.
Refs   libvirt: src/util/virxml.c; W3C XML 1.0
"""

from sevlint.api import STRUCTURE, Fail, Gap, GapReason, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.domain import DomainXml


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE)
def judge(xml: DomainXml | Gap) -> Verdict:
    if isinstance(xml, DomainXml):
        return Pass("it is well-formed", (xml.place,))
    if xml.reason is not GapReason.DAMAGED or xml.place is None:
        return Open(xml.detail or "its XML was not collected", xml.wanted)
    return Fail(f"its XML cannot be read: {xml.detail}", (xml.place,), value=xml.detail)

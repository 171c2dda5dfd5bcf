"""The domain XML is not well-formed.

Why    libvirt refuses the file, and nothing in it can be judged: not even whether it asks for protection.
Fix    Mend the XML at the place named; `xmllint --noout FILE` says when it is right.
Refs   libvirt: src/util/virxml.c (libvirt-qemu 2.1); W3C XML 1.0
"""

from sevlint.api import STRUCTURE, Fail, Gap, GapReason, Open, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.domain import DomainXml


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE)
def judge(xml: DomainXml | Gap) -> Verdict:
    if isinstance(xml, DomainXml):
        return Pass("it is well-formed", (xml.place,))
    if xml.reason is not GapReason.DAMAGED or xml.place is None:
        return Open(xml.detail or "its XML was not collected", xml.wanted)
    return Fail(f"it is not well-formed XML: {xml.detail}", (xml.place,), value=xml.detail)

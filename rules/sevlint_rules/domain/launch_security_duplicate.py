"""A domain has several launchSecurity elements.

Why    libvirt reads the first and ignores the others without a word: what they ask for does not hold.
Fix    Keep the one that is meant.
Refs   libvirt: src/conf/domain_conf.c (libvirt-qemu 1.1 one element, 8 launch-security-duplicate)
"""

from sevlint.api import STRUCTURE, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import DomainXml


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=STRUCTURE, rung=AmdRung.DOMAIN)
def judge(xml: DomainXml) -> Verdict:
    found = [place for tag, _, place in xml.launch_elements if tag == "launchSecurity"]
    if not found:
        return NotApplicable("it has no launchSecurity element")
    if len(found) == 1:
        return Pass("it has one launchSecurity", (found[0],))
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    because = f"libvirt reads the first launchSecurity only, and ignores this one{more}"
    return Fail(because, (found[1], found[0]), edit("keep the one that is meant, and delete the others"))

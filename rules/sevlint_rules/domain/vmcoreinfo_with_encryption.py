"""An encrypted guest has the vmcoreinfo device.

Why    The guest's kernel writes where its crash notes are through fw_cfg, by DMA; encrypted guests were seen to crash
       on it. OpenStack leaves the device out when it asks for memory encryption.
Fix    Drop `<vmcoreinfo>`: it only serves dumps made from outside, which would hold ciphertext.
Refs   openstack/nova: nova/virt/libvirt/driver.py, Launchpad bug 2117170 (peer-checks 18 vmcoreinfo; libvirt-qemu 3.2
       vmcoreinfo)
"""

from sevlint.api import X86, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=X86, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    found = domain.feature("vmcoreinfo")
    if found is None or found.state == "off":
        return Pass("it has no vmcoreinfo device", (found.place if found else domain.place,))
    remedy = edit("leave the vmcoreinfo device out", "", change.drop(found.place), safe=True)
    return Fail("it has a vmcoreinfo device, on which encrypted guests crash", (found.place,), remedy, value="on")

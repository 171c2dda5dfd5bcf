"""The TDX guest has no way to a quote.

Why    Without `<quoteGenerationService>` QEMU answers each request for a quote with "QGS unavailable": the guest
       runs, and nobody can attest it this way.
Fix    Add `<quoteGenerationService path='/var/run/tdx-qgs/qgs.socket'/>`; without a path that socket is meant.
Refs   libvirt: docs/formatdomain.rst (libvirt-qemu 1.2 quoteGenerationService, 3.2 vsock, 8 tdx-quote-service-missing);
       qemu: docs/system/i386/tdx.rst (intel-tdx 7.1 quote-generation-socket, 7.4 default socket, 7.4 vsock)

A guest that asks the quote service over vsock needs none: nothing is said of one that has such a device.
"""

from sevlint.api import Fail, Goal, NotApplicable, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain, DomainXml

_SERVICE = "<quoteGenerationService/>"
_NAMES = ("quotegenerationservice", "quotegenerationsocket")


@rule(about=Subject.DOMAIN, severity=Severity.NOTE, goals={Goal.TDX})
def judge(domain: Domain, xml: DomainXml) -> Verdict:
    launch = domain.launch_security
    if launch is None or xml.launch is None or launch.goal is not Goal.TDX:
        return NotApplicable("it is no TDX guest")
    if launch.quote_service is not None:
        return Pass("it names a quote generation service", (launch.quote_service.place,))
    if any(one.tag.lower() in _NAMES for one in xml.launch.children):
        return NotApplicable("it names one in a form that libvirt does not read, which another rule says")
    if domain.all("vsock"):
        return NotApplicable("it has a vsock, over which the guest may ask the host for quotes")
    change_to = change.add(launch.place, _SERVICE)
    remedy = edit("name a quote generation service, if the guest is to be attested", _SERVICE, change_to)
    return Fail("it names no quote generation service: the guest cannot get a quote", (launch.place,), remedy)

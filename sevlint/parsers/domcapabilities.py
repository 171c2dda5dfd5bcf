"""`virsh domcapabilities` (libvirt-qemu 4.2)."""

from __future__ import annotations

from sevlint.errors import ParseError
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.model import Evidence
from sevlint.numbers import number
from sevlint.parsers.base import Text, parser
from sevlint.parsers.xml import parse, said


@parser(Evidence("cmd/virsh-domcapabilities", command="virsh -r domcapabilities --virttype kvm"))
def domcapabilities(text: Text) -> SevDomainCapabilities:
    """What libvirt says of SEV, and of TDX (intel-tdx 7.4 capability).

    Raises ParseError for an error message in place of the document.
    """
    if not text.data.strip().startswith(b"<"):
        raise ParseError("is no <domainCapabilities> document", text.start)
    root = parse(text)
    if root.tag != "domainCapabilities":
        raise ParseError(f"holds <{root.tag}>, not <domainCapabilities>", text.place(1))
    sev = root.find("features/sev")
    supported = sev is not None and sev.get("supported") == "yes"
    numbers = {one: ordinal for ordinal, one in enumerate(root.iter("*")) if sev in (one, one.getparent())}
    values = {
        str(child.tag): (value, text.element(numbers[child], "#text"))
        for child in (sev if sev is not None else ())
        if (value := number(said(child))) is not None
    }
    types = [said(value) for value in root.findall("features/launchSecurity/enum[@name='sectype']/value")]
    tdx = root.find("features/tdx")
    if tdx is not None and tdx.get("supported") == "yes" and "tdx" not in types:
        types.append("tdx")
    none = (None, None)
    return SevDomainCapabilities(
        supported=supported,
        cbitpos=values.get("cbitpos", none)[0],
        max_guests=values.get("maxGuests", none)[0],
        max_es_guests=values.get("maxESGuests", none)[0],
        sectypes=tuple(types),
        place=text.element(numbers[sev] if sev is not None else 0),
        max_guests_place=values.get("maxGuests", none)[1],
        max_es_guests_place=values.get("maxESGuests", none)[1],
        cbitpos_place=values.get("cbitpos", none)[1],
    )

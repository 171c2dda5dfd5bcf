"""`virsh domcapabilities` (libvirt-qemu 4.2)."""

from __future__ import annotations

from lxml import etree

from sevlint.errors import ParseError
from sevlint.facts.amd import SevDomainCapabilities
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser


@parser(Evidence("cmd/virsh-domcapabilities", command="virsh -r domcapabilities --virttype kvm"))
def domcapabilities(text: Text) -> SevDomainCapabilities:
    """What libvirt says of SEV. Raises ParseError for an error message in place of the document."""
    data = text.data.strip()
    if not data.startswith(b"<") or b"<!DOCTYPE" in data[:65536]:
        raise ParseError("is no <domainCapabilities> document", text.place(1) if text.lines else text.place())
    try:
        reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(data, reader)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"is not well-formed: {error.msg}", text.place(1)) from error
    if root.tag != "domainCapabilities":
        raise ParseError(f"holds <{root.tag}>, not <domainCapabilities>", text.place(1))
    number = {element: ordinal for ordinal, element in enumerate(root.iter("*"))}
    sev = root.find("features/sev")
    supported = sev is not None and sev.get("supported") == "yes"
    values = {
        str(child.tag): (int(child.text or "0"), text.element(number[child], "#text"))
        for child in (sev if sev is not None else ())
        if isinstance(child.tag, str) and (child.text or "").strip().isdigit()
    }
    types = root.findall("features/launchSecurity/enum[@name='sectype']/value")
    none = (None, None)
    return SevDomainCapabilities(
        supported=supported,
        cbitpos=values.get("cbitpos", none)[0],
        max_guests=values.get("maxGuests", none)[0],
        max_es_guests=values.get("maxESGuests", none)[0],
        sectypes=tuple((value.text or "").strip() for value in types),
        place=text.element(number[sev if sev is not None else root]),
        max_guests_place=values.get("maxGuests", none)[1],
        max_es_guests_place=values.get("maxESGuests", none)[1],
    )

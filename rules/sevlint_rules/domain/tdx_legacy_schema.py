"""XML for a TDX stack of before its inclusion upstream.

Why    The patched stacks of 2024 and 2025 had a schema of their own. libvirt 11.6 and newer ignore its elements
       without a word, so that no quote comes, or refuse them.
Fix    Write `<quoteGenerationService path='/var/run/tdx-qgs/qgs.socket'/>` in place of `<SocketAddress>` or
       `<quoteGenerationSocket>`, `<loader type='rom'>` in place of generic, and drop `<allowReboot>`.
Refs   libvirt: docs/formatdomain.rst; canonical/tdx: guest-tools (libvirt-qemu 2.2 unknown children, 8
       tdx-legacy-schema; intel-tdx 7.4 SocketAddress, 7.4 allowReboot, 7.4 quoteGenerationSocket, 7.4 loader generic)

The quote service is reached over a UNIX socket; the vsock of older templates cannot be written any more.
"""

from collections.abc import Sequence

from sevlint.api import (
    Change,
    Fail,
    Goal,
    NotApplicable,
    Pass,
    Place,
    Severity,
    Subject,
    TdxRung,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Domain, DomainXml

_SERVICE = "<quoteGenerationService/>"


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals={Goal.TDX}, rung=TdxRung.DOMAIN)
def judge(domain: Domain, xml: DomainXml) -> Verdict | Sequence[Fail]:
    if domain.goal is not Goal.TDX or xml.launch is None:
        return NotApplicable("it is no TDX guest")
    fails = []
    for child in xml.launch.children:
        if child.tag == "allowReboot":
            fails.append(_fail("allowReboot", child.place, "", change.drop(child.place)))
        elif child.tag == "quoteGenerationSocket":
            fails.append(_fail("quoteGenerationSocket", child.place, _SERVICE, change.put(child.place, _SERVICE)))
        elif child.tag == "quoteGenerationService" and child.children:
            inner = child.children[0]
            fails.append(_fail(inner.tag, inner.place, _SERVICE, change.put(child.place, _SERVICE)))
    loader = domain.firmware.loader_place
    if domain.firmware.loader_type == "generic" and loader is not None:
        place = loader.at("type")
        fails.append(_fail("loader type='generic'", place, "<loader type='rom'>", change.put(place, "rom")))
    return fails or Pass("nothing in it is of an older schema", (xml.launch.place,))


def _fail(what: str, place: Place, fragment: str, put: Change) -> Fail:
    remedy = edit("write it as libvirt 11.6 and newer read it", fragment, put)
    return Fail(f"{what[:40]} is of a TDX stack of before its inclusion in libvirt", (place,), remedy, value=what[:40])

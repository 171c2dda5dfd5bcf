"""The guest's screen is open to the network, or its password stands in the XML.

Why    Whoever reaches the port sees the screen of a confidential guest and types into it. A password in the XML is in
       every backup of it, is readable for who may read the domain, and VNC uses its first 8 characters only.
Fix    Listen on 127.0.0.1 and reach it through an SSH tunnel, or drop the graphics; set no password in the XML.
Refs   libvirt: docs/formatdomain.rst, graphical framebuffers (libvirt-qemu 3.2 graphics open, 4.3 listen, 8
       graphics-exposed)

SPICE with defaultMode='secure' speaks TLS on every channel and is not named here. An empty address is libvirt's
configured one, which is local unless somebody changed it.
"""

from sevlint.api import CONFIDENTIAL, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_LOCAL = "127.0.0.1"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain) -> Verdict | list[Fail]:
    graphics = domain.all("graphics")
    addresses = [one for screen in graphics if screen.tls != "yes" for one in screen.open_addresses]
    passwords = tuple(screen.place.at("passwd") for screen in graphics if screen.has_password)
    fails = []
    if addresses:
        because = f"its screen is open to the network: it listens on {addresses[0].text}"
        changes = (change.put(one.place, _LOCAL) for one in addresses)
        remedy = edit("listen on the host only", f"<listen type='address' address='{_LOCAL}'/>", *changes)
        fails.append(Fail(because, tuple(one.place for one in addresses), remedy=remedy, value=addresses[0].text))
    if passwords:
        remedy = edit("take the password out of the XML", "", *map(change.drop, passwords))
        fails.append(Fail("the password of its screen stands in the XML", passwords, remedy=remedy, value="password"))
    return fails or Pass("no screen is open to the network", (domain.devices_place or domain.place,))

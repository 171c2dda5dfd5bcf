"""A serial console or channel is open to the network without TLS.

Why    Whoever reaches the port reads the guest's console, and may log in or stop its boot loader there.
Fix    Let it listen on 127.0.0.1, use a pty or a UNIX socket, or add TLS.
Refs   libvirt: docs/formatdomain.rst, TCP client/server

TLS may also come from the host's qemu.conf (chardev_tls), which the domain at rest does not show.
"""

from sevlint.api import CONFIDENTIAL, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Domain

_LOCAL = "127.0.0.1"


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    devices = domain.all("serial", "console", "parallel", "channel", "redirdev")
    addresses = [
        one for device in devices if device.type == "tcp" and device.tls != "yes" for one in device.open_addresses
    ]
    if not addresses:
        return Pass("no console or channel is open to the network", (domain.devices_place or domain.place,))
    changes = (change.put(one.place, _LOCAL) for one in addresses)
    remedy = edit("listen on the host only", f"<source mode='bind' host='{_LOCAL}'/>", *changes)
    because = f"its console or channel is open to the network without TLS: it listens on {addresses[0].text}"
    return Fail(because, tuple(one.place for one in addresses), remedy=remedy, value=addresses[0].text)

"""The screens of VMs are open to the network unless a domain says otherwise.

Why    `vnc_listen` and `spice_listen` are what a domain without an address of its own gets. Without TLS, and for VNC
       without a login (SASL), whoever reaches the port sees the screen and types. A password in the file is every VM's.
Fix    Take the line out of /etc/libvirt/qemu.conf (127.0.0.1 is libvirt's default) and reach screens through SSH.
Refs   libvirt: src/qemu/qemu.conf.in (libvirt-qemu 4.3 listen, 4.3 password)

What a domain says itself is graphics-exposed.
"""

from collections.abc import Sequence

from sevlint.api import CONFIDENTIAL, Fail, Gap, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import QemuSettings
from sevlint_rules.isolation._unread import unread

_ALL = ("0.0.0.0", "::")


@rule(about=Subject.HOST, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(conf: QemuSettings | Gap) -> Verdict | Sequence[Fail]:
    if isinstance(conf, Gap):
        return unread(conf, "qemu.conf")
    settings = conf.settings
    remedy = Remedy("take the line out of /etc/libvirt/qemu.conf and restart libvirt", needs=Needs.RELOAD)
    fails = []
    for kind, guards in (("vnc", ("vnc_tls", "vnc_sasl")), ("spice", ("spice_tls",))):
        found = settings.set_to(f"{kind}_listen", *_ALL)
        if found is not None and not all(settings.set_to(guard, "1") for guard in guards):
            because = f"{kind.upper()} screens listen on {found.values[0]} without {' and '.join(guards)}"
            fails.append(Fail(because, (found.place,), remedy, value=found.name))
        found = settings.get(f"{kind}_password")
        if found is not None and found.values[:1] not in ((), ("",)):
            fails.append(Fail(f"{found.name} is the password of every VM", (found.place,), remedy, value=found.name))
    return fails or Pass("qemu.conf opens no screen to the network", (conf.place,))

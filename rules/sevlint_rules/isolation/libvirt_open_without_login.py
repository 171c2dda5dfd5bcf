"""libvirt is reachable by others, without a login or without encryption.

Why    Who reaches libvirt controls every VM: their disks, firmware and launch policies, and whether they are protected
       at all. TCP has no encryption; without authentication anybody is let in.
Fix    Set listen_tcp = 0 and use SSH or TLS with verified certificates; leave unix_sock_rw_perms and auth_unix_rw at
       their defaults.
Refs   libvirt: src/remote/libvirtd.conf.in, docs/remote.rst (libvirt-qemu 4.4 listen_tcp without a login, 4.4
       listen_tcp, 4.4 tls_no_verify_certificate, 4.4 unix socket, 4.4 systemd sockets)

Where systemd hands over the sockets, listen_tcp is ignored, and virtproxyd-tcp.socket counts: hence medium confidence.
"""

from collections.abc import Iterator, Sequence

from sevlint.api import CONFIDENTIAL, Confidence, Fail, Gap, Needs, Pass, Remedy, Severity, Subject, Verdict, rule
from sevlint.facts.access import DaemonSettings, LibvirtSettings
from sevlint_rules.isolation._unread import unread

_FIX = "restart the daemon"


@rule(about=Subject.HOST, severity=Severity.ERROR, goals=CONFIDENTIAL, confidence=Confidence.MEDIUM)
def judge(conf: DaemonSettings | Gap) -> Verdict | Sequence[Fail]:
    if isinstance(conf, Gap):
        return unread(conf, "configuration of a daemon of libvirt")
    fails = [fail for one in conf.daemons for fail in _judge(one)]
    return fails or Pass("libvirt is not opened to others", (conf.place,))


def _judge(settings: LibvirtSettings) -> Iterator[Fail]:
    tcp, auth = settings.set_to("listen_tcp", "1"), settings.set_to("auth_tcp", "none")
    if tcp is not None and auth is not None:
        remedy = Remedy(f"set listen_tcp = 0 and {_FIX}", needs=Needs.RELOAD)
        yield Fail("libvirt listens over TCP and lets everybody in", (tcp.place, auth.place), remedy, value="auth_tcp")
    elif tcp is not None:
        remedy = Remedy(f"set listen_tcp = 0 and {_FIX}", needs=Needs.RELOAD)
        yield Fail("libvirt listens over TCP, unencrypted", (tcp.place,), remedy, Severity.WARNING, value="listen_tcp")
    found = settings.set_to("tls_no_verify_certificate", "1")
    if found is not None:
        remedy = Remedy(f"take tls_no_verify_certificate out and {_FIX}", needs=Needs.RELOAD)
        yield Fail("libvirt checks no client's certificate", (found.place,), remedy, Severity.WARNING, value=found.name)
    perms, auth = settings.set_to("unix_sock_rw_perms", "0777", "0666"), settings.set_to("auth_unix_rw", "none")
    if perms is not None and auth is not None:
        remedy = Remedy(f'set unix_sock_rw_perms = "0770" and {_FIX}', needs=Needs.RELOAD)
        yield Fail("every local user may control libvirt", (perms.place, auth.place), remedy, value="auth_unix_rw")

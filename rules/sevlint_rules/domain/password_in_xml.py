"""A password stands in the domain's XML.

Why    QEMU's arguments and the kernel command line are in the XML, in every backup of it, in the host's process list
       and logs; and the host is who must not know a confidential guest's secrets.
Fix    Hand secrets over after attestation; for QEMU's own, use libvirt's `<secret>` or a file (`secret,file=`).
Refs   libvirt: docs/formatsecret.rst; qemu: docs/system/secrets.rst (libvirt-qemu 3.2 qemu commandline)

The password of a screen is graphics-exposed.
"""

import re

from sevlint.api import CONFIDENTIAL, Fail, Pass, Place, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain, QemuOverrides

_SECRET = re.compile(
    r"(?:^|[\s,?&.])(?:password|passwd|passphrase|rootpw)=(?!(?:on|off|yes|no)(?:[\s,]|$))[^\s,]"
    r"|://[^\s/:@]{1,256}:[^\s/@]{1,256}@"
)


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=CONFIDENTIAL)
def judge(domain: Domain) -> Verdict:
    places = _of_arguments(domain.overrides)
    if domain.cmdline is not None and _SECRET.search(domain.cmdline.text):
        places.append(domain.cmdline.place)
    if not places:
        return Pass("no password stands in its arguments or its command line", (domain.place,))
    remedy = edit("hand the secret over after attestation, or by a <secret> of libvirt")
    return Fail("a password stands in the XML", tuple(places), remedy=remedy)


def _of_arguments(overrides: QemuOverrides) -> list[Place]:
    found = [one.place for one in overrides.arguments if _SECRET.search(one.text)]
    for option, value in zip(overrides.arguments, overrides.arguments[1:], strict=False):
        if option.text.lstrip("-") == "object" and _is_secret_object(value.text):
            found.append(value.place)
    return list(dict.fromkeys(found))


def _is_secret_object(text: str) -> bool:
    return (text.startswith("secret,") and ",data=" in text) or ('"secret"' in text and '"data"' in text)

"""Launch data in hexadecimal, where base64 is read.

Why    Tools that measure a guest print digests in hexadecimal. Read as base64 the digits are other bytes, and too
       many: libvirt or QEMU refuses the domain.
Fix    Turn it into base64: `xxd -r -p | base64 -w0`.
Refs   libvirt: src/conf/domain_validate.c (libvirt-qemu 1.2 guestVisibleWorkarounds, 1.2 idBlock, 1.2 idAuth, 1.2
       hostData, 1.2 mrConfigId, 8 blob-hex-instead-of-base64); qemu: target/i386/kvm/tdx.c (intel-tdx 7.1 hexadecimal)

A digest of 48 bytes has 96 hexadecimal digits; 64 characters are its base64. The older TDX tools wrote hexadecimal.
"""

from base64 import b64encode
from collections.abc import Sequence

from sevlint.api import (
    PRIVATE_MEMORY,
    AmdRung,
    Fail,
    NotApplicable,
    Pass,
    Remedy,
    Severity,
    Subject,
    Verdict,
    change,
    edit,
    rule,
)
from sevlint.facts.domain import Blob, Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=PRIVATE_MEMORY, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict | Sequence[Fail]:
    launch = domain.launch_security
    if launch is None or launch.goal not in PRIVATE_MEMORY or not launch.blobs:
        return NotApplicable("it has no launch data of a fixed length")
    fails = [
        Fail(
            f"{blob.name} is {blob.wanted} bytes in hexadecimal, and is read as base64",
            (blob.place,),
            _remedy(blob),
            value=blob.name,
        )
        for blob in launch.blobs
        if blob.is_hex
    ]
    return fails or Pass("none of its launch data is hexadecimal", tuple(blob.place for blob in launch.blobs))


def _remedy(blob: Blob) -> Remedy:
    """The digests of TDX are no secrets, and may be shown."""
    if not blob.name.startswith("mr"):
        return edit("turn it into base64")
    text = b64encode(bytes.fromhex(blob.text.strip())).decode("ascii")
    return edit("turn it into base64", f"<{blob.name}>{text}</{blob.name}>", change.put(blob.place, text))

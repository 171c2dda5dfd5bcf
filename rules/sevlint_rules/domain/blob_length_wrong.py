"""Binary data of the launch is of the wrong length.

Why    libvirt counts the bytes of SEV-SNP's data and refuses the domain: `Unexpected length of 'idBlock', expected
       96`; for TDX QEMU does: `TDX 'mrowner' sha384 digest was 32 bytes, expected 48 bytes`.
Fix    Give as many bytes as are wanted, in base64: guestVisibleWorkarounds 16, idBlock 96, idAuth 4096, hostData 32,
       mrConfigId, mrOwner and mrOwnerConfig 48 (a SHA-384 digest).
Refs   libvirt: src/conf/domain_validate.c (libvirt-qemu 1.2 guestVisibleWorkarounds, 1.2 idBlock, 1.2 idAuth, 1.2
       hostData, 1.2 mrConfigId, 2.1 length, 8 blob-length-wrong); qemu: target/i386/kvm/tdx.c (intel-tdx 7.1 digests)

Base64 of 32 bytes has 44 characters with its padding, of 48 bytes 64 and no padding. The data itself is never shown.
"""

from collections.abc import Sequence

from sevlint.api import PRIVATE_MEMORY, AmdRung, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=PRIVATE_MEMORY, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict | Sequence[Fail]:
    launch = domain.launch_security
    if launch is None or launch.goal not in PRIVATE_MEMORY or not launch.blobs:
        return NotApplicable("it has no launch data of a fixed length")
    wrong = [
        Fail(
            f"{blob.name} holds {blob.size} bytes, and must hold {blob.wanted}",
            (blob.place,),
            edit(f"give {blob.wanted} bytes in base64"),
            value=f"{blob.name} {blob.size}",
        )
        for blob in launch.blobs
        if blob.wanted not in (None, blob.size) and not blob.has_strays and not blob.is_hex
    ]
    return wrong or Pass("its launch data has the right lengths", tuple(blob.place for blob in launch.blobs))

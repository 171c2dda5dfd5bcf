"""Launch data is not the base64 that QEMU reads.

Why    libvirt skips what is no base64, blanks of an indented text too, and accepts the domain; QEMU takes the
       letters, digits, `+`, `/`, `=` and line breaks only, and stops: `Base64 data contains invalid characters`. Of
       text whose last group of four is incomplete the end is dropped.
Fix    Write it as one line of base64, without blanks inside or around it, as `base64 -w0` prints it.
Refs   qemu: util/base64.c; libvirt: src/conf/domain_validate.c (libvirt-qemu 1.2 dhCert and session, 1.2 two decoders,
       8 blob-bad-base64)

The data itself is never shown.
"""

from collections.abc import Sequence

from sevlint.api import X86, AmdRung, Confidence, Fail, NotApplicable, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Blob, Domain


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=X86, rung=AmdRung.DOMAIN)
def judge(domain: Domain) -> Verdict | Sequence[Fail]:
    launch = domain.launch_security
    if launch is None or launch.goal not in X86 or not launch.blobs:
        return NotApplicable("it has no launch data")
    fails = [fail for blob in launch.blobs if (fail := _judge(blob)) is not None]
    return fails or Pass("its launch data is plain base64", tuple(blob.place for blob in launch.blobs))


def _judge(blob: Blob) -> Fail | None:
    remedy = edit("write it as one line of base64, without blanks")
    if blob.is_hex:
        return None
    if blob.has_strays:
        what = "blanks" if not Blob("", "".join(blob.text.split()), blob.place).has_strays else "characters"
        because = f"{blob.name} has {what} in it that are no base64, which QEMU refuses"
        return Fail(because, (blob.place,), remedy, value=blob.name)
    if blob.wanted is None and blob.is_cut:
        because = f"the base64 of {blob.name} ends early: its last group of four characters is incomplete"
        return Fail(because, (blob.place,), remedy, confidence=Confidence.MEDIUM, value=blob.name)
    return None

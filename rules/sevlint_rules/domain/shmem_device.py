"""Shared memory with other processes of the host (`<shmem>`).

Why    The memory of an ivshmem device is the host's: it is neither private nor measured, and what a guest with private
       memory makes of it is not specified.
Fix    Drop `<shmem>`; use a network connection with TLS.
Refs   libvirt: docs/formatdomain.rst, shared memory device (libvirt-qemu 8 shmem-device)
"""

from sevlint.api import PRIVATE_MEMORY, Confidence, Fail, Pass, Severity, Subject, Verdict, edit, rule
from sevlint.facts.domain import Domain


@rule(about=Subject.DOMAIN, severity=Severity.WARNING, goals=PRIVATE_MEMORY, confidence=Confidence.MEDIUM)
def judge(domain: Domain) -> Verdict:
    found = domain.all("shmem")
    if not found:
        return Pass("it shares no memory with the host", (domain.devices_place or domain.place,))
    because = "its <shmem> device is memory of the host, which is neither private nor measured"
    return Fail(because, tuple(one.place for one in found), remedy=edit("drop <shmem>"), value=found[0].model)

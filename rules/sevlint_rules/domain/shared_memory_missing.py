"""A device needs memory that is shared with its backend, and the guest has none.

Why    virtiofs and vhost-user devices are served by a process of their own, which must reach the guest's memory:
       libvirt refuses them without shared memory. In an encrypted guest it reaches the pages that the guest shares.
Fix    Write `<access mode='shared'/>` and `<source type='memfd'/>` into `<memoryBacking>`.
Refs   libvirt: docs/kbase/virtiofs.rst, src/qemu/qemu_validate.c (libvirt-qemu 3.2 shared memory)
"""

from sevlint.api import X86, AmdRung, Confidence, Fail, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.domain import Device, Domain

_BACKING = "<source type='memfd'/><access mode='shared'/>"


@rule(
    about=Subject.DOMAIN,
    severity=Severity.ERROR,
    goals=X86,
    rung=AmdRung.DOMAIN,
    confidence=Confidence.MEDIUM,
)
def judge(domain: Domain) -> Verdict:
    found = [one for one in domain.devices if _is_served_outside(one)]
    if not found:
        return Pass("no device of it needs shared memory", (domain.devices_place or domain.place,))
    if domain.memory_access == "shared" or domain.memory_source == "memfd":
        return Pass("its memory can be shared", (domain.backing_place or domain.place, found[0].place))
    if domain.cpu is not None and domain.cpu.has_shared_cells:
        return Pass("memory of its NUMA cells is shared", (domain.cpu.place, found[0].place))
    parent, shown = domain.backing_place, f"<memoryBacking>{_BACKING}</memoryBacking>"
    do = [change.add(domain.place, shown)] if parent is None else []
    remedy = edit("share its memory with the backend", shown, *do)
    what = found[0].driver or found[0].type
    because = f"{what} needs memory that it can share, which libvirt demands and the domain does not have"
    return Fail(because, tuple(one.place for one in found), remedy, value=what)


def _is_served_outside(one: Device) -> bool:
    return (one.kind == "filesystem" and one.driver == "virtiofs") or (
        one.kind in ("interface", "disk") and one.type == "vhostuser"
    )

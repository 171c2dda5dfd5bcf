"""The host's libvirt wants cbitpos and reducedPhysBits written down.

Why    libvirt fills them in by itself since 6.9; an older one refuses a domain without them.
Fix    Write both, the position of the C-bit as `virsh domcapabilities` gives it and 1, or upgrade libvirt to 6.9.
Refs   libvirt: NEWS.rst 6.9.0, src/conf/domain_conf.c (libvirt-qemu 1.2 cbitpos, 1.2 reducedPhysBits, 7
       optional cbitpos)

Judged with the host around the domain, or the one that `--host` lends. SEV-SNP needs a newer libvirt anyway.
"""

from sevlint.api import AmdRung, Fail, Goal, NotApplicable, Open, Pass, Severity, Subject, Verdict, change, edit, rule
from sevlint.facts.amd import CBit
from sevlint.facts.domain import Domain
from sevlint.facts.platform import StackVersions
from sevlint.facts.versions import LIBVIRT_FILLS_C_BIT

_GOALS = frozenset({Goal.SEV, Goal.SEV_ES})


@rule(about=Subject.DOMAIN, severity=Severity.ERROR, goals=_GOALS, rung=AmdRung.DOMAIN)
def judge(domain: Domain, versions: StackVersions, host: CBit | None) -> Verdict:
    launch, libvirt = domain.launch_security, versions.libvirt
    if launch is None or launch.goal not in _GOALS:
        return NotApplicable("it is no guest of type sev")
    if launch.cbitpos is not None and launch.reduced_phys_bits is not None:
        return Pass("it has both", (launch.cbitpos.place, launch.reduced_phys_bits.place))
    if libvirt is None:
        return Open("the version of the host's libvirt was not collected", ("cmd/rpm-qa", "cmd/dpkg-l"))
    if libvirt.version >= LIBVIRT_FILLS_C_BIT:
        return Pass(f"libvirt {libvirt.text} fills them in", (launch.place, libvirt.place))
    fragments = {}
    if launch.cbitpos is None:
        fragments["cbitpos"] = f"<cbitpos>{host.bit if host is not None else 47}</cbitpos>"
    if launch.reduced_phys_bits is None:
        fragments["reducedPhysBits"] = "<reducedPhysBits>1</reducedPhysBits>"
    can_write = launch.cbitpos is not None or host is not None
    do = [change.add(launch.place, fragment) for fragment in fragments.values()] if can_write else []
    because = f"it has no {' and no '.join(fragments)}, which libvirt {libvirt.text} demands"
    remedy = edit("write them down, as the host's CPU has them", "\n".join(fragments.values()), *do, safe=can_write)
    return Fail(because, (launch.place, libvirt.place), remedy, value=libvirt.text)

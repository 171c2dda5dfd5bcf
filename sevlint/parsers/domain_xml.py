"""libvirt domain XML -> Domain: the first dialect (libvirt-qemu 1 to 4).

At rest, live status XML (`<domstatus>`), `virsh dumpxml`, a snapshot's `<domainsnapshot>`. Places are the element's
number in document order: lxml's own line is where a start tag ends.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from sevlint.errors import ParseError
from sevlint.facts.domain import Disk, Domain, DomainXml, Firmware, FoundDomain, LaunchSecurity, Nic, UnclearXml
from sevlint.model import Completeness, Evidence, Gap, GapReason, Goal, Place, View
from sevlint.parsers.base import Text, parser
from sevlint.parsers.xml import parse, said

if TYPE_CHECKING:
    from lxml import etree

_HEX = re.compile(r"\s*(?:0[xX])?([0-9a-fA-F]{1,16})\s*\Z")
_UINT = re.compile(r"\s*([0-9]{1,18})\s*\Z")
_UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1000,
    "k": 1024,
    "kib": 1024,
    "mb": 1000**2,
    "m": 1024**2,
    "mib": 1024**2,
    "gb": 1000**3,
    "g": 1024**3,
    "gib": 1024**3,
    "tb": 1000**4,
    "t": 1024**4,
    "tib": 1024**4,
}
"""formatdomain: the default unit of memory is KiB."""
_GOALS = {"sev": Goal.SEV, "sev-snp": Goal.SEV_SNP, "tdx": Goal.TDX, "s390-pv": Goal.S390_PV}
_POLICY_ES = 1 << 2
_WORDS = (b"launch", b"sev", b"tdx", b"s390-pv", b"encrypt")
_LAUNCH = ("launchsecurity", "launch")
_LAUNCH_LIMIT = 16
"""Elements that look like launchSecurity and are named; libvirt reads the first (libvirt-qemu 1.1)."""
_WRAPPERS = ("domstatus", "domainsnapshot")
_PLACED = frozenset(("domain", "inactiveDomain", "policy", "os", "loader", "nvram", "smm", "disk", "interface"))
"""Elements that a place may name, beside those that look like launchSecurity."""
_CUT = {
    Completeness.TAIL_ONLY: GapReason.TAIL_ONLY,
    Completeness.TIMED_OUT: GapReason.TIMED_OUT,
    Completeness.DAMAGED: GapReason.UNREADABLE,
}
"""What a collection cut off is no fault of the file."""


@parser(
    Evidence("etc/libvirt/qemu/*.xml", command="cat /etc/libvirt/qemu/*.xml", root=True, secret=True, many=True),
    Evidence("run/libvirt/qemu/*.xml", command="cat /run/libvirt/qemu/*.xml", root=True, secret=True, many=True),
    Evidence("cmd/virsh-dumpxml-*", command="virsh -r dumpxml DOMAIN", many=True),
    Evidence("domain.xml", command="virsh -r dumpxml DOMAIN", many=True),
)
def domain_xml(text: Text) -> tuple[FoundDomain, ...]:
    """Every domain of one file. A file that is not well-formed is one domain whose facts are gaps."""
    stem = text.path.rsplit("/", 1)[-1].removesuffix(".xml")
    if not text.data.strip():
        return _broken(text, stem, "empty", text.place())
    try:
        root = parse(text)
    except ParseError as error:
        return _broken(text, stem, error.why, error.place)
    found = _elements(root)
    if not _may_ask(text.data):
        return tuple(_plain_domain(text, root, stem, number) for number in range(len(found)))
    numbers = {element: ordinal for ordinal, element in enumerate(root.iter("*")) if _is_placed(str(element.tag))}
    return tuple(_domain(_Reader(text, element, view, numbers), stem) for element, view in found)


def _broken(text: Text, stem: str, why: str, place: Place | None) -> tuple[FoundDomain, ...]:
    reason = _CUT.get(text.complete, GapReason.DAMAGED)
    alone = text.name == "domain.xml"  # outside a host nothing else tells what it was meant to be
    gap = (UnclearXml if alone or _may_ask(text.data) else Gap)((text.name,), reason, why, place)
    return (FoundDomain(stem, "", View.AT_REST, 1, gap, lambda: gap),)


def _elements(root: etree._Element) -> list[tuple[etree._Element, View]]:
    """The configurations of one domain; libvirt reads the first element of each name (libvirt-qemu 4.1)."""
    domain = root if root.tag == "domain" else root.find("domain") if root.tag in _WRAPPERS else None
    inactive = root.find("inactiveDomain") if root.tag == "domainsnapshot" else None
    found = []
    if domain is not None:
        is_live = root.tag == "domstatus" or inactive is not None or domain.get("id") is not None
        found.append((domain, View.LIVE if is_live else View.AT_REST))
    if inactive is not None:
        found.append((inactive, View.AT_REST))
    return found


def _may_ask(data: bytes) -> bool:
    """Whether a file could ask for protection at all: it then holds one of these words (UTF-16 is always looked at)."""
    text = data.lower()
    return any(word in text for word in _WORDS) or data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]


@lru_cache(maxsize=512)
def _is_placed(tag: str) -> bool:
    return tag in _PLACED or _plain(tag) in _LAUNCH


def _domain(reader: _Reader, stem: str) -> FoundDomain:
    name, uuid = _name_of(reader.domain, stem)
    domain = reader.domain_of(name, uuid)
    return FoundDomain(name, uuid, reader.view, 1, reader.spelling(), lambda: domain)


def _name_of(element: etree._Element, stem: str) -> tuple[str, str]:
    return said(element.find("name")) or stem, said(element.find("uuid"))


def _plain_domain(text: Text, root: etree._Element, stem: str, number: int) -> FoundDomain:
    """The tree is not kept: parsing the few that are asked for again is cheaper than a thousand trees."""
    element, view = _elements(root)[number]
    name, uuid = _name_of(element, stem)
    place = text.element(next(ordinal for ordinal, one in enumerate(root.iter("*")) if one is element))
    xml = DomainXml(text.path, str(root.tag), (), place)

    def read() -> Domain:
        again = parse(text)
        numbers = {one: ordinal for ordinal, one in enumerate(again.iter("*")) if _is_placed(str(one.tag))}
        return _Reader(text, _elements(again)[number][0], view, numbers).domain_of(name, uuid)

    return FoundDomain(name, uuid, view, 1, xml, read)


class _Reader:
    """Reads one `<domain>` element."""

    def __init__(self, text: Text, domain: etree._Element, view: View, numbers: dict[etree._Element, int]) -> None:
        self.text = text
        self.domain = domain
        self.view = view
        self.numbers = numbers

    def _place(self, element: etree._Element, part: str = "") -> Place:
        return self.text.element(self.numbers[element], part)

    def spelling(self) -> DomainXml:
        looks = (child for child in self.domain if _plain(str(child.tag)) in _LAUNCH)
        found = tuple(
            (str(child.tag), child.get("type", ""), self._place(child, _type_of(child)))
            for child in islice(looks, _LAUNCH_LIMIT)
        )
        root = self.domain.getroottree().getroot()
        return DomainXml(self.text.path, str(root.tag), found, self._place(self.domain))

    def domain_of(self, name: str, uuid: str) -> Domain:
        domain = self.domain
        features = domain.find("features")
        smm = features.find("smm") if features is not None else None
        cpu = domain.find("cpu")
        os = domain.find("os")
        machine = os.find("type") if os is not None else None
        backing = domain.find("memoryBacking")
        return Domain(
            name=name,
            uuid=uuid,
            view=self.view,
            type=domain.get("type", ""),
            arch=machine.get("arch", "") if machine is not None else "",
            machine=machine.get("machine", "") if machine is not None else "",
            launch_security=self._launch_security(),
            firmware=self._firmware(os),
            smm=None if smm is None else smm.get("state", "on") == "on",
            smm_place=None if smm is None else self._place(smm),
            acpi=features is not None and features.find("acpi") is not None,
            memory_kib=_kib(domain.find("memory")),
            vcpus=_uint(said(domain.find("vcpu"))),
            cpu_mode=cpu.get("mode", "") if cpu is not None else "",
            cpu_model=said(cpu.find("model")) if cpu is not None else "",
            kernel=said(os.find("kernel")) if os is not None else "",
            emulator=said(domain.find("devices/emulator")),
            locked=backing is not None and backing.find("locked") is not None,
            hard_limit_kib=_kib(domain.find("memtune/hard_limit")),
            hugepages=backing is not None and backing.find("hugepages") is not None,
            disks=tuple(self._disk(disk) for disk in domain.iterfind("devices/disk")),
            nics=tuple(self._nic(nic) for nic in domain.iterfind("devices/interface")),
            running=self.view is View.LIVE,
            place=self._place(domain),
        )

    def _launch_security(self) -> LaunchSecurity | None:
        element = self.domain.find("launchSecurity")
        if element is None:
            return None
        kind = element.get("type", "")
        policy = element.find("policy")
        policy_text = said(policy)
        number = _HEX.match(policy_text)
        value = int(number.group(1), 16) if number else None
        goal = _GOALS.get(kind)
        if goal is Goal.SEV and value is not None and value & _POLICY_ES:
            goal = Goal.SEV_ES
        hashes = element.get("kernelHashes")
        return LaunchSecurity(
            type=kind,
            goal=goal,
            policy=value,
            policy_text=policy_text,
            kernel_hashes=None if hashes is None else hashes == "yes",
            cbitpos=said(element.find("cbitpos")),
            reduced_phys_bits=said(element.find("reducedPhysBits")),
            place=self._place(element),
            type_place=self._place(element, "type"),
            policy_place=self._place(policy, "#text") if policy is not None else None,
        )

    def _firmware(self, os: etree._Element | None) -> Firmware:
        loader = os.find("loader") if os is not None else None
        nvram = os.find("nvram") if os is not None else None
        path = said(loader)

        def of(element: etree._Element | None, name: str) -> str:
            return element.get(name, "") if element is not None else ""

        return Firmware(
            autoselect=of(os, "firmware"),
            loader=path,
            loader_type=of(loader, "type"),
            loader_format=of(loader, "format"),
            secure=of(loader, "secure") == "yes",
            stateless=of(loader, "stateless") == "yes",
            nvram=said(nvram),
            nvram_template=of(nvram, "template"),
            nvram_format=of(nvram, "format"),
            has_nvram=nvram is not None,
            place=self._place(os if os is not None else self.domain),
            loader_place=self._place(loader, "#text" if path else "") if loader is not None else None,
            nvram_place=self._place(nvram) if nvram is not None else None,
        )

    def _disk(self, disk: etree._Element) -> Disk:
        target, driver = disk.find("target"), disk.find("driver")
        return Disk(
            bus=target.get("bus", "") if target is not None else "",
            queues=_uint(driver.get("queues")) if driver is not None else None,
            queue_size=_uint(driver.get("queue_size")) if driver is not None else None,
            place=self._place(disk),
        )

    def _nic(self, nic: etree._Element) -> Nic:
        model, driver = nic.find("model"), nic.find("driver")
        return Nic(
            model=model.get("type", "") if model is not None else "",
            queues=_uint(driver.get("queues")) if driver is not None else None,
            place=self._place(nic),
        )


def _type_of(launch: etree._Element) -> str:
    return "type" if launch.tag == "launchSecurity" and launch.get("type") is not None else ""


def _plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1].replace("-", "").replace("_", "").lower()


def _uint(text: str | None) -> int | None:
    found = _UINT.match(text or "")
    return int(found.group(1)) if found else None


def _kib(element: etree._Element | None) -> int | None:
    """A scaled integer as libvirt reads it, in KiB; None where it is absent or no number."""
    if element is None:
        return None
    number = _uint(said(element))
    unit = _UNITS.get(element.get("unit", "KiB").lower())
    return None if number is None or unit is None else number * unit // 1024

"""libvirt domain XML -> Domain: the first dialect (libvirt-qemu 1 to 4).

At rest, live status XML (`<domstatus>`), `virsh dumpxml`, a snapshot's `<domainsnapshot>`. lxml reads with entities,
DTD and network off; a DOCTYPE is refused. Places are the element's number in document order: lxml's own line is where
a start tag ends.
"""

from __future__ import annotations

import re

from lxml import etree

from sevlint.facts.domain import Disk, Domain, DomainXml, Firmware, FoundDomain, LaunchSecurity, Nic
from sevlint.model import Evidence, Gap, GapReason, Goal, Place, View
from sevlint.parsers.base import Text, parser

_HEX = re.compile(r"\s*(?:0[xX])?([0-9a-fA-F]{1,16})\s*\Z")
_UINT = re.compile(r"\s*(\d{1,18})\s*\Z")
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
        gap = Gap((text.name,), GapReason.DAMAGED, "empty", text.place())
        return _broken(stem, gap) if text.name == "domain.xml" else ()
    try:
        root = _parse(text)
    except etree.XMLSyntaxError as error:
        line, column = error.position if error.position else (1, 1)
        why = re.sub(r", line \d+, column \d+.*", "", str(error.msg or "not well-formed"))
        gap = Gap((text.name,), GapReason.DAMAGED, why, text.place(max(line, 1), max(column, 1)))
        return _broken(stem, gap)
    if isinstance(root, Gap):
        return _broken(stem, root)
    is_plain = not _may_ask(text.data)
    return tuple(_found(text, element, stem, ordinal, is_plain) for ordinal, element in enumerate(_elements(root), 1))


def _broken(stem: str, gap: Gap) -> tuple[FoundDomain, ...]:
    return (FoundDomain(stem, "", View.AT_REST, 1, gap, lambda: gap),)


def _elements(root: etree._Element) -> list[etree._Element]:
    if root.tag == "domain":
        return [root]
    return root.findall("domain") if root.tag in ("domstatus", "domainsnapshot") else []


def _may_ask(data: bytes) -> bool:
    """Whether a file could ask for protection at all: it then holds one of these words (UTF-16 is always looked at)."""
    text = data.lower()
    return any(word in text for word in _WORDS) or data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]


def _found(text: Text, element: etree._Element, stem: str, ordinal: int, is_plain: bool) -> FoundDomain:
    root = element.getroottree().getroot()
    live = root.tag == "domstatus" or element.get("id") is not None
    name = (element.findtext("name") or "").strip() or stem
    uuid = (element.findtext("uuid") or "").strip()
    view = View.LIVE if live else View.AT_REST
    if is_plain:
        # the tree is not kept: parsing the few that are asked for again is cheaper than a thousand trees
        xml = DomainXml(text.path, str(root.tag), (), _place_of(text, element, root))
        return FoundDomain(name, uuid, view, ordinal, xml, lambda: _read_again(text, ordinal, name, uuid, view))
    reader = _Reader(text, element, live=live)
    domain = reader.domain_of(name, uuid, view)
    return FoundDomain(name, uuid, view, ordinal, reader.spelling(), lambda: domain)


def _place_of(text: Text, element: etree._Element, root: etree._Element) -> Place:
    number = next(number for number, one in enumerate(root.iter("*")) if one is element)
    return Place(text.path, element=number, source=text.source)


def _read_again(text: Text, ordinal: int, name: str, uuid: str, view: View) -> Domain | Gap:
    root = _parse(text)
    if isinstance(root, Gap):
        return root
    element = _elements(root)[ordinal - 1]
    return _Reader(text, element, live=view is View.LIVE).domain_of(name, uuid, view)


def _parse(text: Text) -> etree._Element | Gap:
    data = text.data.lstrip() if text.data[:1] in b" \t\r\n" else text.data
    if b"<!DOCTYPE" in data[:65536] or b"<\0!\0D\0O\0C\0T\0Y\0P\0E" in data[:65536]:
        why = "has a DOCTYPE, which libvirt never writes; sevlint reads none"
        return Gap((text.name,), GapReason.DAMAGED, why, text.place(1))
    reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True)
    return etree.fromstring(data, reader)


class _Reader:
    """Reads one `<domain>` element."""

    def __init__(self, text: Text, domain: etree._Element, *, live: bool) -> None:
        self.text = text
        self.domain = domain
        self.live = live
        root = domain.getroottree().getroot()
        self.number = {element: ordinal for ordinal, element in enumerate(root.iter("*"))}

    def _place(self, element: etree._Element, part: str = "") -> Place:
        return Place(self.text.path, element=self.number[element], part=part, source=self.text.source)

    def spelling(self) -> DomainXml:
        looks = tuple(
            (str(child.tag), child.get("type", ""), self._place(child))
            for child in self.domain
            if isinstance(child.tag, str) and _plain(child.tag) in ("launchsecurity", "launch")
        )
        root = self.domain.getroottree().getroot()
        return DomainXml(self.text.path, str(root.tag), looks, self._place(self.domain))

    def domain_of(self, name: str, uuid: str, view: View) -> Domain:
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
            view=view,
            type=domain.get("type", ""),
            arch=machine.get("arch", "") if machine is not None else "",
            machine=machine.get("machine", "") if machine is not None else "",
            launch_security=self._launch_security(),
            firmware=self._firmware(os),
            smm=None if smm is None else smm.get("state", "on") == "on",
            smm_place=None if smm is None else self._place(smm),
            acpi=features is not None and features.find("acpi") is not None,
            memory_kib=_kib(domain.find("memory")),
            vcpus=_uint(domain.findtext("vcpu")),
            cpu_mode=cpu.get("mode", "") if cpu is not None else "",
            cpu_model=(cpu.findtext("model") or "").strip() if cpu is not None else "",
            kernel=(os.findtext("kernel") or "").strip() if os is not None else "",
            emulator=(domain.findtext("devices/emulator") or "").strip(),
            locked=backing is not None and backing.find("locked") is not None,
            hard_limit_kib=_kib(domain.find("memtune/hard_limit")),
            hugepages=backing is not None and backing.find("hugepages") is not None,
            disks=tuple(self._disk(disk) for disk in domain.iterfind("devices/disk")),
            nics=tuple(self._nic(nic) for nic in domain.iterfind("devices/interface")),
            running=self.live,
            place=self._place(domain),
        )

    def _launch_security(self) -> LaunchSecurity | None:
        element = self.domain.find("launchSecurity")
        if element is None:
            return None
        kind = element.get("type", "")
        policy = element.find("policy")
        policy_text = (policy.text or "").strip() if policy is not None else ""
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
            cbitpos=(element.findtext("cbitpos") or "").strip(),
            reduced_phys_bits=(element.findtext("reducedPhysBits") or "").strip(),
            place=self._place(element),
            type_place=self._place(element, "type"),
            policy_place=self._place(policy, "#text") if policy is not None else None,
        )

    def _firmware(self, os: etree._Element | None) -> Firmware:
        loader = os.find("loader") if os is not None else None
        nvram = os.find("nvram") if os is not None else None
        path = (loader.text or "").strip() if loader is not None else ""

        def of(element: etree._Element | None, name: str) -> str:
            return element.get(name, "") if element is not None else ""

        return Firmware(
            autoselect=of(os, "firmware"),
            loader=path,
            loader_type=of(loader, "type"),
            loader_format=of(loader, "format"),
            secure=of(loader, "secure") == "yes",
            stateless=of(loader, "stateless") == "yes",
            nvram=(nvram.text or "").strip() if nvram is not None else "",
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


def _plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1].replace("-", "").replace("_", "").lower()


def _uint(text: str | None) -> int | None:
    found = _UINT.match(text or "")
    return int(found.group(1)) if found else None


def _kib(element: etree._Element | None) -> int | None:
    """A scaled integer as libvirt reads it, in KiB; None where it is absent or no number."""
    if element is None:
        return None
    number = _uint(element.text)
    unit = _UNITS.get(element.get("unit", "KiB").lower())
    return None if number is None or unit is None else number * unit // 1024

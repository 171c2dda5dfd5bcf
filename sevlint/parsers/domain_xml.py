"""libvirt domain XML -> Domain: the first dialect (libvirt-qemu 1 to 4).

At rest, live status XML (`<domstatus>`), `virsh dumpxml`, a snapshot's `<domainsnapshot>`. Places are the element's
number in document order: lxml's own line is where a start tag ends.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from sevlint.errors import ParseError
from sevlint.facts.domain import (
    Blob,
    Domain,
    DomainXml,
    Element,
    Feature,
    Firmware,
    FoundDomain,
    GuestCpu,
    LaunchSecurity,
    QemuOverrides,
    SecurityLabel,
    Setting,
    Timer,
    UnclearXml,
)
from sevlint.model import Completeness, Evidence, Gap, GapReason, Goal, Place, View
from sevlint.numbers import decimal
from sevlint.parsers.base import Text, parser
from sevlint.parsers.domain_devices import devices_of
from sevlint.parsers.xml import SEVERAL, numbers_of, parse, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

_HEX = re.compile(r"\s*(?:0[xX])?([0-9a-fA-F]{1,16})\s*\Z")
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
_DOMAINS = "domains"
"""The root that people put around several domains; libvirt itself has none."""
_BLOBS = {
    "dhCert": None,
    "session": None,
    "guestVisibleWorkarounds": 16,
    "idBlock": 96,
    "idAuth": 4096,
    "hostData": 32,
    "mrConfigId": 48,
    "mrOwner": 48,
    "mrOwnerConfig": 48,
}
"""How many bytes each must hold (libvirt-qemu 1.2; intel-tdx 7.1 digests)."""
_TREES = 2
"""Configurations of one domain in one file."""
_CHILD_LIMIT = 64
"""Children of an element that are named."""
_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
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
    if not may_ask(text.data):
        return _plain(text, root, stem)
    numbers = numbers_of(root)
    return tuple(
        _domain(_Reader(text, element, view, numbers), stem, ordinal) for ordinal, element, view in _elements(root)
    )


def _broken(text: Text, stem: str, why: str, place: Place | None) -> tuple[FoundDomain, ...]:
    reason = _CUT.get(text.complete, GapReason.DAMAGED)
    alone = text.name == "domain.xml"  # outside a host nothing else tells what it was meant to be
    gap = (UnclearXml if alone or may_ask(text.data) else Gap)((text.name,), reason, why, place)
    return (FoundDomain(stem, "", View.AT_REST, 1, gap, lambda: gap),)


def _elements(root: etree._Element) -> list[tuple[int, etree._Element, View]]:
    """(which of the file's domains, the element of one of its configurations, its view), in order."""
    documents = list(root) if root.tag in (SEVERAL, _DOMAINS) else [root]
    holding = [one for one in documents if one.tag == "domain" or one.tag in _WRAPPERS]
    return [
        (ordinal, element, view) for ordinal, one in enumerate(holding, 1) for element, view in _configurations(one)
    ]


def _configurations(root: etree._Element) -> list[tuple[etree._Element, View]]:
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


def _root_of(domain: etree._Element) -> str:
    """What the document is that holds it, in a file of several too."""
    above = domain.getparent()
    return str(domain.tag if above is None or above.tag in (SEVERAL, _DOMAINS) else above.tag)


def may_ask(data: bytes) -> bool:
    """Whether a file could ask for protection at all: it then holds one of these words (UTF-16 is always looked at)."""
    text = data.lower()
    return any(word in text for word in _WORDS) or data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:64]


def _domain(reader: _Reader, stem: str, ordinal: int) -> FoundDomain:
    name, uuid = _name_of(reader.domain, stem)
    domain = reader.domain_of(name, uuid)
    return FoundDomain(name, uuid, reader.view, ordinal, reader.spelling(), lambda: domain)


def _name_of(element: etree._Element, stem: str) -> tuple[str, str]:
    return said(element.find("name")) or stem, said(element.find("uuid"))


def _plain(text: Text, root: etree._Element, stem: str) -> tuple[FoundDomain, ...]:
    """Domains that ask for nothing. The tree is kept only where it holds several: parsing the few that are asked for
    again is cheaper than a thousand trees.
    """
    elements = _elements(root)
    numbers = None if root.tag == "domain" else numbers_of(root)
    kept = root if len(elements) > _TREES else None

    def found(number: int) -> FoundDomain:
        ordinal, element, view = elements[number]
        name, uuid = _name_of(element, stem)
        place = text.element(numbers[element] if numbers else 0)
        xml = DomainXml(text.path, _root_of(element), (), place, outside=text.name == "domain.xml")

        def read() -> Domain:
            again = parse(text) if kept is None else kept
            at = numbers if kept is not None and numbers else numbers_of(again)
            return _Reader(text, _elements(again)[number][1], view, at).domain_of(name, uuid)

        return FoundDomain(name, uuid, view, ordinal, xml, read)

    return tuple(found(number) for number in range(len(elements)))


class _Reader:
    """Reads one `<domain>` element."""

    def __init__(self, text: Text, domain: etree._Element, view: View, numbers: Mapping[etree._Element, int]) -> None:
        self.text = text
        self.domain = domain
        self.view = view
        self.numbers = numbers
        self.top = _by_tag(domain)
        """The first child of each name: the one that libvirt reads."""

    def _place(self, element: etree._Element, part: str = "") -> Place:
        return self.text.element(self.numbers[element], part)

    def _place_of(self, element: etree._Element | None) -> Place | None:
        return self._place(element) if element is not None else None

    def _setting(self, element: etree._Element | None) -> Setting | None:
        if element is None:
            return None
        words = said(element)
        return Setting(words, self._place(element, "#text" if words else ""))

    def _attribute(self, element: etree._Element | None, name: str) -> Setting | None:
        value = element.get(name) if element is not None else None
        return None if element is None or value is None else Setting(value, self._place(element, name))

    def _enabled(self, element: etree._Element | None) -> Setting | None:
        found = self._attribute(element, "enabled")
        return Setting("", self._place(element)) if found is None and element is not None else found

    def spelling(self) -> DomainXml:
        looks = (child for child in self.domain if _folded(str(child.tag)) in _LAUNCH)
        found = tuple(
            (str(child.tag), child.get("type", ""), self._place(child, _type_of(child)))
            for child in islice(looks, _LAUNCH_LIMIT)
        )
        launch, os = (self._element(self.top[tag]) if tag in self.top else None for tag in ("launchSecurity", "os"))
        return DomainXml(
            path=self.text.path,
            root=_root_of(self.domain),
            launch_elements=found,
            place=self._place(self.domain),
            launch=launch,
            os=os,
            passes_arguments=f"{_QEMU}commandline" in self.top,
            outside=self.text.name == "domain.xml",
        )

    def _element(self, element: etree._Element, depth: int = 2) -> Element:
        """It, its children and theirs."""
        attributes = tuple((str(name), str(value)) for name, value in element.items())
        inner = islice(element, _CHILD_LIMIT) if depth else ()
        children = tuple(self._element(child, depth - 1) for child in inner)
        return Element(str(element.tag), attributes, self._place(element), children)

    def domain_of(self, name: str, uuid: str) -> Domain:
        domain, top = self.domain, self.top
        os = _by_tag(top.get("os"))
        features = _by_tag(top.get("features"))
        backing = _by_tag(top.get("memoryBacking"))
        suspend = _by_tag(top.get("pm"))
        machine, smm, vcpu, memory = os.get("type"), features.get("smm"), top.get("vcpu"), top.get("memory")
        limit = top["memtune"].find("hard_limit") if "memtune" in top else None
        source, access = backing.get("source"), backing.get("access")
        devices = top.get("devices")
        vcpus = decimal(said(vcpu))
        current = vcpu.get("current") if vcpu is not None else None
        return Domain(
            name=name,
            uuid=uuid,
            view=self.view,
            type=domain.get("type", ""),
            arch=machine.get("arch", "") if machine is not None else "",
            machine=machine.get("machine", "") if machine is not None else "",
            machine_place=self._place(machine if machine is not None else domain),
            launch_security=self._launch_security(),
            firmware=self._firmware(top.get("os")),
            smm=None if smm is None else smm.get("state", "on") == "on",
            smm_place=self._place_of(smm),
            acpi=self._place_of(features.get("acpi")),
            features=self._features(top.get("features")),
            features_place=self._place_of(top.get("features")),
            memory_kib=_kib(memory),
            memory_place=self._place_of(memory),
            current_memory_kib=_kib(top.get("currentMemory")),
            max_memory=self._place_of(top.get("maxMemory")),
            dump_core=memory.get("dumpCore", "") if memory is not None else "",
            vcpus=vcpus,
            current_vcpus=vcpus if current is None else decimal(current),
            vcpus_place=self._place_of(vcpu),
            cpu=self._cpu(top.get("cpu")),
            timers=self._timers(top.get("clock")),
            clock_place=self._place_of(top.get("clock")),
            kernel=self._setting(os.get("kernel")),
            initrd=self._setting(os.get("initrd")),
            cmdline=self._setting(os.get("cmdline")),
            shim=self._setting(os.get("shim")),
            acpi_tables=tuple(self._place(one) for one in os.get("acpi", ())),
            boot=self._boot(top.get("os")),
            emulator=said(devices.find("emulator")) if devices is not None else "",
            locked=self._place_of(backing.get("locked")),
            hard_limit_kib=_kib(limit),
            hard_limit_place=self._place_of(limit),
            hugepages=self._place_of(backing.get("hugepages")),
            no_shared_pages=self._place_of(backing.get("nosharepages")),
            memory_source=source.get("type", "") if source is not None else "",
            memory_access=access.get("mode", "") if access is not None else "",
            backing_place=self._place_of(top.get("memoryBacking")),
            devices=devices_of(devices, self._place) if devices is not None else (),
            devices_place=self._place_of(devices),
            on_reboot=self._setting(top.get("on_reboot")),
            on_crash=self._setting(top.get("on_crash")),
            suspend_to_mem=self._enabled(suspend.get("suspend-to-mem")),
            suspend_to_disk=self._enabled(suspend.get("suspend-to-disk")),
            security_labels=tuple(self._label(one) for one in domain.iterfind("seclabel")),
            overrides=self._overrides(),
            sysinfo=tuple(self._place(one) for one in domain.iterfind("sysinfo")),
            genid=self._place_of(top.get("genid")),
            running=self.view is View.LIVE,
            place=self._place(domain),
        )

    def _launch_security(self) -> LaunchSecurity | None:
        element = self.top.get("launchSecurity")
        if element is None:
            return None
        parts = _by_tag(element)
        kind = element.get("type", "")
        policy, quotes = parts.get("policy"), parts.get("quoteGenerationService")
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
            cbitpos=self._setting(parts.get("cbitpos")),
            reduced_phys_bits=self._setting(parts.get("reducedPhysBits")),
            author_key=element.get("authorKey", ""),
            vcek=element.get("vcek", ""),
            blobs=tuple(
                Blob(name, content, self._place(parts[name], "#text"), size)
                for name, size in _BLOBS.items()
                if name in parts and (content := _whole(parts[name])).strip()
            ),
            quote_service=None if quotes is None else Setting(quotes.get("path", ""), self._place(quotes)),
            place=self._place(element),
            type_place=self._place(element, "type"),
            policy_place=self._place(policy, "#text" if policy_text else "") if policy is not None else None,
        )

    def _firmware(self, os: etree._Element | None) -> Firmware:
        parts = _by_tag(os)
        loader, nvram, firmware = parts.get("loader"), parts.get("nvram"), parts.get("firmware")
        path = said(loader)

        def of(element: etree._Element | None, name: str) -> str:
            return element.get(name, "") if element is not None else ""

        return Firmware(
            autoselect=of(os, "firmware"),
            loader=path,
            loader_type=of(loader, "type"),
            loader_format=of(loader, "format"),
            readonly=of(loader, "readonly"),
            secure=of(loader, "secure") == "yes",
            stateless=of(loader, "stateless") == "yes",
            nvram=said(nvram),
            nvram_template=of(nvram, "template"),
            nvram_format=of(nvram, "format"),
            has_nvram=nvram is not None,
            features=tuple(
                Feature(of(one, "name"), of(one, "enabled"), self._place(one))
                for one in (firmware.iterfind("feature") if firmware is not None else ())
            ),
            place=self._place(os if os is not None else self.domain),
            loader_place=self._place(loader, "#text" if path else "") if loader is not None else None,
            nvram_place=self._place_of(nvram),
        )

    def _features(self, features: etree._Element | None) -> tuple[Feature, ...]:
        found = []
        for one in features if features is not None else ():
            found.append(self._feature(one, ""))
            if one.tag in ("kvm", "hyperv"):
                found += [self._feature(inner, f"{one.tag}/") for inner in one]
        return tuple(found)

    def _feature(self, one: etree._Element, before: str) -> Feature:
        mode, driver = one.get("mode", ""), one.get("driver", "")
        return Feature(f"{before}{one.tag}", one.get("state", ""), self._place(one), driver, mode)

    def _cpu(self, cpu: etree._Element | None) -> GuestCpu | None:
        if cpu is None:
            return None
        demanded = (one for one in cpu.iterfind("feature") if one.get("policy", "require") in ("require", "force"))
        required = tuple(Setting(one.get("name", ""), self._place(one)) for one in demanded)
        model = cpu.find("model")
        about = [self._place(one) for one in cpu if one.tag in ("model", "vendor")]
        about += [self._place(cpu, name) for name in ("match", "check") if cpu.get(name) is not None]
        return GuestCpu(
            mode=cpu.get("mode", ""),
            model=said(model),
            required=required,
            place=self._place(cpu),
            model_place=self._place_of(model),
            about_model=tuple(about),
            has_shared_cells=cpu.find("numa/cell[@memAccess='shared']") is not None,
        )

    def _timers(self, clock: etree._Element | None) -> tuple[Timer, ...]:
        present = {"yes": True, "no": False}
        return tuple(
            Timer(
                one.get("name", ""),
                present.get(one.get("present", "")),
                self._place(one),
                self._attribute(one, "frequency"),
            )
            for one in (clock.iterfind("timer") if clock is not None else ())
        )

    def _boot(self, os: etree._Element | None) -> tuple[Setting, ...]:
        found = (self._attribute(one, "dev") for one in (os.iterfind("boot") if os is not None else ()))
        return tuple(one for one in found if one is not None)

    def _label(self, one: etree._Element) -> SecurityLabel:
        label = said(one.find("label"))
        return SecurityLabel(one.get("type", ""), one.get("model", ""), one.get("relabel", ""), self._place(one), label)

    def _overrides(self) -> QemuOverrides:
        top = self.top

        def inner(tag: str, name: str, attribute: str) -> tuple[Setting, ...]:
            parent = top.get(_QEMU + tag)
            found = (
                (self._attribute(one, attribute) for one in parent.iterfind(_QEMU + name)) if parent is not None else ()
            )
            return tuple(one for one in found if one is not None)

        override = self._place_of(top.get(f"{_QEMU}override"))
        return QemuOverrides(inner("commandline", "arg", "value"), inner("capabilities", "del", "capability"), override)


def _by_tag(element: etree._Element | None) -> dict[str, etree._Element]:
    """The first child of each name, which is the one that libvirt reads."""
    found: dict[str, etree._Element] = {}
    for child in element if element is not None else ():
        found.setdefault(str(child.tag), child)
    return found


def _whole(element: etree._Element) -> str:
    """The text of an element with the blanks around it, which `said` takes away and libvirt does not."""
    return "".join(str(part) for part in element.itertext())


def _type_of(launch: etree._Element) -> str:
    return "type" if launch.tag == "launchSecurity" and launch.get("type") is not None else ""


def _folded(tag: str) -> str:
    return tag.rsplit("}", 1)[-1].replace("-", "").replace("_", "").lower()


def _kib(element: etree._Element | None) -> int | None:
    """A scaled integer as libvirt reads it, in KiB; None where it is absent or no number."""
    if element is None:
        return None
    number = decimal(said(element))
    unit = _UNITS.get(element.get("unit", "KiB").lower())
    return None if number is None or unit is None else number * unit // 1024

"""Parsers: real formats, and no input whatever makes one raise anything but ParseError."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevlint import plugins
from sevlint.combine.amd import changed_mode
from sevlint.combine.domain import domain_goal_signs
from sevlint.errors import ParseError
from sevlint.facts.domain import DomainXml, UnclearXml
from sevlint.model import Completeness, Gap, GapReason, Place, View
from sevlint.parsers import access, boot, devices, domain_xml, domcapabilities, firmware, listings, machine, packages
from sevlint.parsers.base import Parser, Text, decode
from sevlint.spans import resolve

NAMES = ("domain_xml", *plugins.MACHINE_PARSERS)
PARSERS = [
    value
    for name in NAMES
    for value in vars(importlib.import_module(f"sevlint.parsers.{name}")).values()
    if isinstance(value, Parser)
]
WORDS = st.sampled_from(
    [
        b"processor\t: 0\n",
        b"flags\t\t: sev",
        b"\n",
        b"<domain>",
        b"<name>",
        b"&amp;",
        b"options kvm_amd sev=",
        b"\\\n",
        b'KERNEL=="sev"',
        b", MODE=",
        b'"',
        b"linux\t/vmlinuz ",
        b"menuentry 'x",
        b"menuentry",
        b"GRUB_CMDLINE_LINUX=",
        b"crw-rw---- 1 root",
        b"/dev:",
        b"ii  ",
        b"Desired=",
        b"MemTotal: ",
        b"12 kB",
        b"sev 1",
        b"options $x",
        b"=",
        b" ",
        b"\xff\xfe",
        b"\x00",
        b"\xc3",
    ]
)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@given(data=st.one_of(st.binary(max_size=400), st.lists(WORDS, max_size=30).map(b"".join)))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_a_parser_raise(parser: Parser, data: bytes) -> None:
    path = parser.reads[0].name.replace("*", "x")
    with contextlib.suppress(ParseError):
        parser.function(Text(path, data, name=parser.reads[0].name))


@given(st.binary(max_size=300))
def test_decoding_never_fails(data: bytes) -> None:
    assert "\0" not in decode(data)


@given(st.lists(st.text(alphabet="abc_-.=,\" $'0", min_size=1, max_size=12), max_size=8))
@settings(deadline=None)
def test_every_option_stands_where_it_says(words: list[str]) -> None:
    line = " ".join(words)
    for option in boot.options_of(line, Place("proc/cmdline", 1)).items:
        assert option.place.column is not None
        there = line[option.place.column - 1 : (option.place.end_column or 0) - 1]
        assert option.text in there
        assert "-" not in option.name


def test_cmdline_words() -> None:
    text = Text("proc/cmdline", b'ro kvm-amd.sev=0 dyndbg="file a +p" "iommu=pt" iommu=nopt -- iommu=off\n')
    options = boot.cmdline_file.function(text).options
    assert [option.name for option in options.items] == ["ro", "kvm_amd.sev", "dyndbg", "iommu", "iommu"]
    assert options.last("dyndbg").value == "file a +p"
    assert options.last("iommu").value == "nopt"
    assert options.token("iommu", "pt") is not None
    assert options.last("kvm_amd.sev").is_false


def test_cpuinfo_without_blank_lines() -> None:
    block = "processor\t: {}\nvendor_id\t: AuthenticAMD\nmicrocode\t: 0x{}\nflags\t\t: a b\n"
    found = machine.cpuinfo.function(Text("proc/cpuinfo", (block.format(0, 1) + block.format(1, 2)).encode()))
    assert (found.processors, found.microcode, found.flags) == (2, 1, frozenset("ab"))


@pytest.mark.parametrize(
    ("row", "mode", "owner"),
    [
        ("crw-rw----.  1 root kvm  ? 10, 123 Jan  1 10:00 sev", 0o660, "root"),
        ("crw-rw----+ 1 root kvm system_u:object_r:sev_device_t:s0 10, 123 Jan 01 10:00 sev", 0o660, "root"),
        ("crw------- 1 0 0 10, 123 Jan  1  2026 sev", 0o600, "0"),
    ],
)
def test_rows_of_a_listing(row: str, mode: int, owner: str) -> None:
    found = listings.listed_directory.function(Text("ls", f"/dev:\ntotal 0\n{row}\n".encode())).find("dev/sev")
    assert (found.mode, found.owner, found.kind) == (mode, owner, "device")


def test_dpkg_states_and_rpm_rows() -> None:
    rpm = packages.packages.function(Text("x", b"qemu-kvm-core-9.1.0-15.el9_6.4.x86_64    Thu 01 Jan 2026\n"))
    assert (rpm.manager, rpm.items[0].version) == ("rpm", "9.1.0")
    rows = b"Desired=Unknown\n|\nii  libvirt0:amd64  11.3.0-3+deb13u1  amd64 x\nrc  qemu-kvm 1:5.2 amd64 x\n"
    dpkg = packages.packages.function(Text("x", rows))
    assert [(item.name, item.version) for item in dpkg.items] == [("libvirt0", "11.3.0")]


@pytest.mark.parametrize("content", ["", "\n", "[]", "{", '{"mapping": 1, "targets": {}, "features": "amd-sev"}'])
def test_a_firmware_descriptor_that_says_nothing_offers_nothing(content: str) -> None:
    try:
        found = firmware.firmware_descriptor.function(Text("etc/qemu/firmware/a.json", content.encode()))
    except ParseError:
        assert content == "{"
        return
    assert found.masks == (not content.strip())
    assert (found.device, found.filename, found.targets, found.features) == ("", "", (), frozenset())


@pytest.mark.parametrize(
    ("content", "action", "line"),
    [
        ("ON_SHUTDOWN=suspend\nexport ON_SHUTDOWN='shutdown' # not saved\n", "shutdown", 2),
        ("#ON_SHUTDOWN=shutdown\nON_SHUTDOWN_X=suspend\n", "", 1),
    ],
)
def test_what_libvirt_guests_is_told(content: str, action: str, line: int) -> None:
    found = access.guests_at_shutdown.function(Text("etc/sysconfig/libvirt-guests", content.encode()))
    assert (found.action, found.place.line) == (action, line)


def test_udev_keys_in_any_order() -> None:
    data = b'# x\nMODE="0660", \\\n  SUBSYSTEM=="misc", KERNEL=="sev", GROUP="kvm"\nKERNEL=="sev-guest", MODE="0600"\n'
    rules = devices.udev_file.function(Text("etc/udev/rules.d/a.rules", data)).rules
    assert [(one.mode, one.group, one.place.line) for one in rules] == [("0660", "kvm", 2)]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("0666", 0o600, 0o666),
        ("a+rw", 0o600, 0o666),
        ("o+w,o-w", 0o660, 0o660),
        ("g=rw,o=", 0o606, 0o660),
        ("+rw", 0o600, 0o644),
        ("ug=rw", 0o604, 0o664),
        ("--reference=x", 0o600, None),
    ],
)
def test_what_chmod_makes_of_a_mode(text: str, before: int, after: int | None) -> None:
    assert changed_mode(text, before) == after


@pytest.mark.parametrize(
    ("command", "mode"),
    [
        ("/bin/chmod 0666 /dev/sev", "0666"),
        ("/bin/sh -c 'chmod -R a+rw /dev/sev'", "a+rw"),
        ("chmod 0660 /dev/%k", "0660"),
        ("chmod 666 $env{DEVNAME}", "666"),
        ("chmod 0666 /dev/kvm; chgrp kvm $devnode", ""),
        ("/bin/chmod 0666 /dev/sev-guest", None),
        ("/bin/echo chmod", None),
    ],
)
def test_what_a_udev_rule_runs_on_the_device(command: str, mode: str | None) -> None:
    rule = f'SUBSYSTEM=="misc", KERNEL=="sev", RUN+="{command}"\n'.encode()
    (found,) = devices.udev_file.function(Text("etc/udev/rules.d/a.rules", rule)).rules
    assert (found.runs, found.chmod) == (mode is not None, mode or "")


XML = "<domain type='kvm'>\n  <name>ä</name>\n  <launchSecurity type='sev'\n    kernelHashes='yes'>\n    <policy> 0x0005\n</policy>\n  </launchSecurity>\n</domain>\n"


def parsed(data: bytes, name: str = "domain.xml") -> Any:
    return domain_xml.domain_xml.function(Text("a.xml", data, name=name))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_in_every_encoding(encoding: str, newline: str) -> None:
    head = "<?xml version='1.0' encoding='iso-8859-1'?>\n" if encoding == "iso-8859-1" else ""
    data = (head + XML).replace("\n", newline).encode(encoding)
    (found,) = parsed(data)
    assert found.name == "ä"
    launch = found.read().launch_security
    span = resolve(launch.policy_place, data, "a.xml")
    assert span.snippet.strip() == "<policy> 0x0005"
    assert (span.line, span.column) == (5 + bool(head), 14)
    assert resolve(launch.place, data, "a.xml").end_line == 4 + bool(head)


def test_status_xml_and_views() -> None:
    status = f"<domstatus state='running'><x/>{XML.replace('<domain', '<domain id=' + chr(39) + '4' + chr(39), 1)}</domstatus>"
    (live,) = parsed(status.encode(), "run/libvirt/qemu/*.xml")
    (rest,) = parsed(XML.encode(), "etc/libvirt/qemu/*.xml")
    assert (live.view, rest.view) == (View.LIVE, View.AT_REST)
    assert live.read().running


@pytest.mark.parametrize(
    "text", ["<domain", "<domain><a></domain>", "<!DOCTYPE domain><domain/>", "<domain>&x;</domain>", ""]
)
def test_broken_xml_is_a_gap_with_a_place(text: str) -> None:
    (found,) = parsed(text.encode())
    assert isinstance(found.read(), Gap)
    assert found.read().place is not None


def test_deep_and_entity_ridden_xml_is_refused() -> None:
    deep = b"<domain>" * 1 + b"<a>" * 5000 + b"</a>" * 5000 + b"</domain>"
    (found,) = parsed(deep)
    assert isinstance(found.read(), Gap)


@given(st.text(alphabet="<>/='\"ab \n\rä&;", max_size=60))
@settings(max_examples=300, deadline=None)
def test_places_of_any_document(inner: str) -> None:
    data = f"<domain type='kvm'>{inner}<launchSecurity type='sev'><policy>1</policy></launchSecurity></domain>".encode()
    for found in parsed(data):
        if not isinstance(found.read(), Gap) and found.read().launch_security is not None:
            span = resolve(found.read().launch_security.type_place, data, "a.xml")
            assert span.line is not None
            assert "type=" in span.snippet


def launch(*, policy: str = "<policy>1</policy>", head: str = "", tag: str = "<launchSecurity type='sev'>") -> bytes:
    return f"{head}<domain type='kvm'>\n<os><loader type='rom'><!-- x -->/a.fd</loader></os>\n{tag}\n{policy}</launchSecurity>\n</domain>\n".encode()


@pytest.mark.parametrize(
    ("policy", "text", "shown"),
    [
        ("<policy><!-- x -->0xb0000</policy>", "0xb0000", "0xb0000"),
        ("<policy>\n  <!-- x --> <?y?><![CDATA[ 0xb0000 ]]></policy>", "0xb0000", "0xb0000"),
        ("<policy>0x<!-- x -->5</policy>", "0x5", "0x"),
        ("<policy><![CDATA[5]]></policy>", "5", "5"),
    ],
)
def test_a_comment_hides_no_text(policy: str, text: str, shown: str) -> None:
    data = launch(policy=policy)
    (found,) = parsed(data)
    security = found.read().launch_security
    assert security.policy_text == text
    assert found.read().firmware.loader == "/a.fd"
    span = resolve(security.policy_place, data, "a.xml")
    assert span.snippet[span.column - 1 : span.end_column - 1] == shown
    span = resolve(found.read().firmware.loader_place, data, "a.xml")
    assert span.snippet[span.column - 1 : span.end_column - 1] == "/a.fd"


@pytest.mark.parametrize(
    ("data", "unclear"),
    [
        (b"<domain><name>a</domain>", False),
        (b"<!DOCTYPE domain>\n<domain/>", False),
        (b"<domain><launchSecurity type='sev'></domain>", True),
        (b"<!DOCTYPE domain>\n<domain><tdx/></domain>", True),
        ("<domain><name>a</domain>".encode("utf-16"), True),
        (b"", False),
    ],
)
@pytest.mark.parametrize("name", ["domain.xml", "etc/libvirt/qemu/*.xml"])
def test_broken_xml_is_unclear_outside_a_host_and_where_it_speaks_of_protection(
    data: bytes, unclear: bool, name: str
) -> None:
    unclear = unclear or name == "domain.xml"
    for found in parsed(data, name):
        assert isinstance(found.xml, UnclearXml) is unclear
        signs = domain_goal_signs.function(found.read(), found.xml, None).signs
        assert [sign.goal for sign in signs] == [None] * unclear


def test_what_a_collection_cut_off_is_not_called_ill_formed() -> None:
    text = Text("a.xml", b"<domain><launchSecurity", name="domain.xml", complete=Completeness.TAIL_ONLY)
    (found,) = domain_xml.domain_xml.function(text)
    assert found.xml.reason is GapReason.TAIL_ONLY


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"<!-- <!DOCTYPE a> -->\n<domain><name><![CDATA[<!DOCTYPE b>]]></name></domain>", None),
        (b"<?xml version='1.0'?>\n<!-- a\n -->\n<!DOCTYPE domain [<!ENTITY a 'b'>]>\n<domain>&a;</domain>", 4),
        (b"<!-- " + b"x" * 70_000 + b"-->\n<!DOCTYPE domain><domain/>", 2),
    ],
)
def test_a_doctype_is_one_only_before_the_root(data: bytes, refused: int | None) -> None:
    (found,) = parsed(data)
    assert isinstance(found.read(), Gap) is (refused is not None)
    if refused is not None:
        assert found.xml.place.line == refused


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_where_broken_xml_breaks(encoding: str) -> None:
    blanks = "\n\n" if encoding == "utf-8" else ""
    name = f"<?xml version='1.0' encoding='{encoding[:6]}'?>\n"
    data = (f"{'' if blanks else name}{blanks}<domain>\n  <name>ä</nam></domain>").encode(encoding)
    (found,) = parsed(data)
    span = resolve(found.xml.place, data, "a.xml")
    assert (span.line, span.snippet) == (4 if blanks else 3, "  <name>ä</nam></domain>")
    assert span.column is not None
    assert 10 < span.column <= 16


@pytest.mark.parametrize("text", ["<domain>\n<!--", "<domain>\n\n", "<domain", "<!--\n\n"])
def test_an_end_too_early_has_a_place_in_the_file(text: str) -> None:
    (found,) = parsed(text.encode())
    lines = text.rstrip("\n").split("\n") if not text.endswith("\n") else text[:-1].split("\n")
    place = found.xml.place
    assert 1 <= place.line <= len(lines)
    assert 1 <= place.column <= len(lines[place.line - 1]) + 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_declaration_without_a_mark_or_behind_blanks_has_places(encoding: str) -> None:
    head = f"<?xml version='1.0' encoding='{encoding[:6]}'?>\n<!-- ä -->"
    data = launch(head=f"\n\n{head}" if encoding == "utf-8" else head).decode().encode(encoding)
    (found,) = parsed(data)
    span = resolve(found.read().launch_security.policy_place, data, "a.xml")
    assert (span.line, span.column, span.snippet) == (
        7 if encoding == "utf-8" else 5,
        9,
        "<policy>1</policy></launchSecurity>",
    )


@pytest.mark.parametrize(
    ("tag", "line", "shown"),
    [
        ("<launchSecurity\n  kernelHashes=\"type='x'\"\n  type = 'seves'>", 5, "type = 'seves'"),
        ("<launchSecurity>", 3, "<launchSecurity>"),
        ("<launchSecurity a='>'>", 3, "<launchSecurity a='>'>"),
    ],
)
def test_a_wrong_type_is_placed_at_the_attribute(tag: str, line: int, shown: str) -> None:
    data = launch(tag=tag)
    (found,) = parsed(data)
    ((_, _, place),) = found.xml.launch_elements
    span = resolve(place, data, "a.xml")
    assert (span.line, span.snippet[span.column - 1 : span.end_column - 1]) == (line, shown)


def test_a_thousand_launch_elements_are_not_all_named() -> None:
    (found,) = parsed(launch(tag="<launchSecurity type='x'/>\n" * 1000 + "<launchSecurity type='y'>"))
    assert len(found.xml.launch_elements) == 16


def test_both_configurations_of_a_snapshot() -> None:
    inner = "<name>vm1</name><launchSecurity type='sev'><policy>{}</policy></launchSecurity>"
    live, rest = f"<domain>{inner.format(1)}</domain>", f"<inactiveDomain>{inner.format(7)}</inactiveDomain>"
    both = parsed(f"<domainsnapshot><name>s</name>{live}{rest}</domainsnapshot>".encode())
    assert [(one.name, one.view, one.ordinal) for one in both] == [("vm1", View.LIVE, 1), ("vm1", View.AT_REST, 1)]
    assert [one.read().launch_security.policy for one in both] == [1, 7]
    (alone,) = parsed(f"<domainsnapshot>{live}</domainsnapshot>".encode())
    assert alone.view is View.AT_REST


@pytest.mark.parametrize("parser", [domain_xml.domain_xml, domcapabilities.domcapabilities])
@pytest.mark.parametrize("filling", [b"<a/>", b"<domain/>", b"<!---->"])
def test_a_bomb_of_elements_is_refused(parser: Parser, filling: bytes) -> None:
    text = Text("a.xml", b"<domstatus>" + filling * 300_000 + b"</domstatus>", name="domain.xml")
    try:
        (found,) = parser.function(text)
        why = found.xml.detail
    except ParseError as error:
        why = error.why
    assert why == "more than 200,000 elements, which no libvirt XML has"


@pytest.mark.parametrize("value", ["²", "9" * 5000, "x", ""])
def test_numbers_that_are_none(value: str) -> None:
    for content in (f"sev {value}", f"sev 5\nsev_es {value}"):
        with pytest.raises(ParseError):
            machine.misc_capacity.function(Text("misc.capacity", content.encode()))
    info = (
        f"vendor_id: x\ncpu family: {value}\nmodel: {value}\nmicrocode: {value}\naddress sizes: {value} bits physical"
    )
    found = machine.cpuinfo.function(Text("proc/cpuinfo", info.encode()))
    assert (found.family, found.model, found.microcode, found.physical_bits) == (0, 0, None, None)
    xml = f"<domainCapabilities><features><sev supported='yes'><cbitpos>{value}</cbitpos><maxGuests>5</maxGuests></sev></features></domainCapabilities>"
    capabilities = domcapabilities.domcapabilities.function(Text("x", xml.encode()))
    assert (capabilities.cbitpos, capabilities.max_guests) == (None, 5)


PIECES = (
    "A",
    "a",
    "1",
    " ",
    "\t",
    "-",
    "=",
    '"',
    "'",
    "\\",
    "{",
    "(",
    "[",
    "<",
    "<!--",
    "&",
    "$",
    "${",
    "/",
    ":",
    ",",
    "\0",
    "\x1b",
    "\x1b]",
    "\x1b[0",
    'A="',
    "A{",
    "1 ",
    "a: ",
    "<a>",
    "<a ",
    "\n",
    "ä",
)
STARTS = {
    "cpuinfo": "processor: 0\nvendor_id: x\naddress sizes: ",
    "listed_directory": "/dev:\ncrw-rw-rw- 1 a b ",
    "meminfo": "MemTotal:",
    "running_kernel": "Linux a 6.1",
    "domain_xml": "<domain a='",
    "udev_file": "KERNEL==",
    "os_release": "ID=",
    "misc_capacity": "sev ",
}
HOSTILE = """
import sys, time
from sevlint import plugins
from sevlint.errors import ParseError
from sevlint.model import Completeness, Subject
from sevlint.parsers.base import Text
from sevlint.signatures.scanner import LogScan
sys.path.insert(0, "tests")
from test_parsers import PARSERS, PIECES, STARTS
CARDS = plugins.Shelf(plugins.manager(third_party=False)).cards()
SKIPPED = ("boot", "packages")
MESSAGES = [message for card in CARDS for message in card.match]
for piece in PIECES:
    content = (piece * 200_000)[:200_000].encode()
    for parser in PARSERS:
        module, name = parser.name.split(".")[-2:]
        if module in SKIPPED:
            continue
        for start in {"", STARTS.get(name, "")}:
            try:
                parser.function(Text("a/b", start.encode() + content, name=parser.reads[0].name))
            except ParseError:
                pass
for kind in ("kernel", "qemu", "audit"):
    for piece in (*PIECES, *MESSAGES, *(f": {message}" for message in MESSAGES)):
        size = 200_000 if piece in PIECES else 40_000
        scanner = LogScan(CARDS, kind, "log", 0, Completeness.WHOLE)
        scanner.feed((piece * size)[:size].encode())
        scanner.finish()
"""


def test_no_input_takes_more_than_linear_time() -> None:
    """A generous guard: what is quadratic takes hours over this."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=120)


PLAIN = "<domain type='kvm' id='3'>\n  <name>plain</name>\n  <memory unit='MiB'>512</memory>\n</domain>\n"


def test_a_plain_domain_is_read_when_asked_and_says_the_same() -> None:
    (plain,) = parsed(PLAIN.encode())
    (other,) = parsed((PLAIN + "<!-- launch -->").encode())
    assert plain.xml == other.xml
    assert plain.read() == other.read()
    assert plain.read().memory_kib == 512 * 1024
    assert plain.view is View.LIVE


def test_dmidecode_names_the_machine_by_its_first_tables() -> None:
    text = (
        b"# dmidecode 3.6\n\nHandle 0x0000, DMI type 0\nBIOS Information\n\tVendor: Example\n\tVersion: 2.4\n"
        b"\tRelease Date: 03/04/2025\n\nHandle 0x0001, DMI type 1\nSystem Information\n\tManufacturer: QEMU\n"
        b"\tProduct Name: Standard PC\n\tUUID: 3d5f7f5e-6f7c-4f0a-9d5b-0c6e1b6b7a11\n\nBase Board Information\n"
        b"\tManufacturer: Another\n\tVersion: 9\n"
    )
    found = dict(machine.dmidecode.function(Text("dmidecode", text, name="cmd/dmidecode")).fields)
    assert found["sys_vendor"] == "QEMU"
    assert found["bios_version"] == "2.4"
    assert found["product_uuid"].startswith("3d5f7f5e")
    assert set(found) == {"bios_vendor", "bios_version", "bios_date", "sys_vendor", "product_name", "product_uuid"}


DECLARATION = "<?xml version='1.0'?>"
ROW = f"{DECLARATION}\n{PLAIN}\n{DECLARATION}\n<!-- é -->\n" + PLAIN.replace("plain", "secöd")
"""As a loop over `virsh dumpxml` prints it."""


@pytest.mark.parametrize("around", ["", "domains"])
@pytest.mark.parametrize("launch", ["", "<launchSecurity type='sev'/>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_several_domains_in_one_file(around: str, launch: str, encoding: str) -> None:
    text = ROW.replace("</domain>", f"{launch}</domain>")
    if around:
        text = f"<{around}>{text.replace(DECLARATION, '')}</{around}>"
    data = text.encode(encoding)
    first, second = parsed(data)
    assert [(one.name, one.ordinal) for one in (first, second)] == [("plain", 1), ("secöd", 2)]
    assert [one.read().name for one in (first, second)] == ["plain", "secöd"]
    for one, line in ((first, 2), (second, 9)):
        assert isinstance(one.xml, DomainXml)
        assert resolve(one.xml.place, data, "x.xml").line == line


@pytest.mark.parametrize("between", ["junk", "<?xml version='1.0'", "&lt;", "<!DOCTYPE a>"])
def test_what_stands_between_documents_makes_them_unreadable(between: str) -> None:
    (found,) = parsed((PLAIN + between + PLAIN).encode())
    assert not isinstance(found.xml, DomainXml)

"""Parsers: real formats, and no input whatever makes one raise anything but ParseError."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevlint import plugins
from sevlint.errors import ParseError
from sevlint.model import Gap, Place, View
from sevlint.parsers import boot, devices, domain_xml, listings, machine, packages
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


def test_udev_keys_in_any_order() -> None:
    data = b'# x\nMODE="0660", \\\n  SUBSYSTEM=="misc", KERNEL=="sev", GROUP="kvm"\nKERNEL=="sev-guest", MODE="0600"\n'
    rules = devices.udev_file.function(Text("etc/udev/rules.d/a.rules", data)).rules
    assert [(one.mode, one.group, one.place.line) for one in rules] == [("0660", "kvm", 2)]


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


PLAIN = "<domain type='kvm' id='3'>\n  <name>plain</name>\n  <memory unit='MiB'>512</memory>\n</domain>\n"


def test_a_plain_domain_is_read_when_asked_and_says_the_same() -> None:
    (plain,) = parsed(PLAIN.encode())
    (other,) = parsed((PLAIN + "<!-- launch -->").encode())
    assert plain.xml == other.xml
    assert plain.read() == other.read()
    assert plain.read().memory_kib == 512 * 1024
    assert plain.view is View.LIVE

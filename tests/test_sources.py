"""The same evidence gives the same outcomes, however it was collected: sosreport (old and new, directory and archive),
a copied root tree, bare files, standard input."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevlint import engine, plugins
from sevlint.errors import SourceError
from sevlint.model import Completeness, Settings, Subject
from sevlint.sources.base import Wanted
from sevlint.sources.bundle import BundleSource
from sevlint.sources.opening import open_source
from sevlint.sources.recognise import recognise, xml_root

HOSTS = Path(__file__).parent.parent / "fixtures" / "hosts"
SHELF = plugins.Shelf(plugins.manager(third_party=False))
SAMPLES = ("iommu-passthrough", "naples-sev", "smee-off", "dev-sev-chmod", "boot-drift", "guest-swiotlb-full")

NEW = {
    "cmd/uname": "sos_commands/kernel/uname_-a",
    "cmd/dmesg": "sos_commands/kernel/dmesg",
    "cmd/journal-boot": "sos_commands/logs/journalctl_--no-pager_--boot",
    "cmd/rpm-qa": "installed-rpms",
    "cmd/dpkg-l": "installed-debs",
    "cmd/virsh-domcapabilities": "sos_commands/virsh/virsh_-r_domcapabilities",
}
OLD = {**NEW, "cmd/dmesg": "sos_commands/general/dmesg"}


def files_of(name: str) -> dict[str, Any]:
    content = yaml.safe_load((HOSTS / f"{name}.yaml").read_text())
    base = content.get("from")
    files = files_of(Path(base).stem) if base else {}
    return {path: entry for path, entry in {**files, **content["files"]}.items() if entry is not None}


def write(top: Path, files: dict[str, Any], names: dict[str, str], old: bool = False) -> None:
    """A collection on disk; what cannot be made without root (devices, owners) goes into listings."""
    devices, firmware = [], []
    for path, entry in files.items():
        if path.startswith("dev/"):
            mode = int(entry["mode"], 8)
            letters = "".join("rwx"[2 - bit % 3] if mode >> bit & 1 else "-" for bit in range(8, -1, -1))
            owner, group = entry["owner"].split(":")
            context = "" if old else "? "
            devices.append(f"crw{letters[2:]}. 1 {owner} {group} {context}10, 123 Jan  1 10:00 {path[4:]}")
        elif path.startswith("sys/firmware/"):
            firmware.append(path)
        else:
            target = top / names.get(path, path)
            if old:
                target = top / str(target.relative_to(top)).replace("run/libvirt", "var/run/libvirt")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(entry if isinstance(entry, str) else entry.get("text", ""))
    listing = top / "sos_commands/block" / ("ls_-lanR_.dev" if old else "ls_-alZR_.dev")
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text("\n".join(["/dev:", "total 0", "crw-rw-rw-. 1 root root 1, 3 Jan  1 10:00 null", *devices, ""]))
    below = [f"drwxr-xr-x. 2 root root 0 Jan  1 10:00 {path.split('/')[2]}" for path in firmware]
    listing = top / "sos_commands/boot" / ("ls_-lanR_.sys.firmware" if old else "ls_-alZR_.sys.firmware")
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text(
        "\n".join(["/sys/firmware:", "total 0", "drwxr-xr-x. 2 root root 0 Jan  1 10:00 acpi", *below, ""])
    )


def found(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Top-level findings and what could not be decided."""
    source = open_source(str(path))
    snapshot = engine.collect([engine.Input(source)], SHELF.registry(frozenset(Subject)), Settings())
    rules = [*SHELF.rules(frozenset(Subject)), *SHELF.catalogue(frozenset(Subject))]
    outcomes = engine.judge(rules, snapshot)
    report = engine.report(outcomes, snapshot, Settings(), cards=SHELF.card_infos())
    assert not report.faults
    return [(one.rule, one.severity.value) for one in report.findings if not one.cause], [
        source.damage,
        *snapshot.errors,
    ]


@pytest.mark.parametrize("old", [False, True], ids=["sos 4", "sos 3"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sosreport_says_what_the_bundle_says(name: str, old: bool, tmp_path: Path) -> None:
    top = tmp_path / "sosreport-node1-2026-01-20-abcdefg"
    write(top, files_of(name), OLD if old else NEW, old)
    expected = found(HOSTS / f"{name}.yaml")
    assert found(top) == expected
    assert found(tmp_path) == expected  # the build directory around it


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz", "tar.bz2"])
@pytest.mark.parametrize(
    "style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT], ids=["pax", "gnu", "ustar"]
)
def test_an_archive_says_what_the_tree_says(suffix: str, style: int, tmp_path: Path) -> None:
    top = tmp_path / "in" / "sosreport-node1"
    write(top, files_of("iommu-passthrough"), NEW)
    archive = tmp_path / f"misleading-name.{suffix.replace('tar', 'dat')}"
    mode = "w:" + suffix.partition(".")[2]
    with tarfile.open(archive, mode, format=style) as made:  # type: ignore[call-overload]
        made.add(top, top.name)
    assert found(archive) == found(top)


def test_a_cut_archive_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    top = tmp_path / "sosreport-node1"
    write(top, files_of("iommu-passthrough"), NEW)
    whole = tmp_path / "whole.tar"
    with tarfile.open(whole, "w") as made:
        made.add(top, top.name)
    data = whole.read_bytes()
    for share in (0.1, 0.5, 0.9):
        cut = tmp_path / "cut.tar"
        cut.write_bytes(data[: int(len(data) * share)])
        findings, errors = found(cut)
        assert any(errors)
        assert all(severity != "error" or rule in dict(found(top)[0]) for rule, severity in findings)


def test_links_of_an_archive_stay_inside(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kvm_amd.sev=0\n")
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as made:
        for name, target in (
            ("top/proc/cmdline", "../../../../secret"),
            ("top/etc/os-release", "../usr/lib/os-release"),
            ("top/proc/meminfo", "/usr/lib/mem"),
            ("top/proc/cpuinfo", "cpuinfo"),
        ):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            made.addfile(link)
        for name, text in (("top/usr/lib/os-release", b"ID=fedora\n"), ("top/usr/lib/mem", b"MemTotal: 1 kB\n")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            made.addfile(member, io.BytesIO(text))
    source = open_source(str(archive))
    source.load(Wanted(("proc/cmdline", "etc/os-release", "proc/meminfo", "proc/cpuinfo"), (), (), lambda *_: None))
    assert source.files["etc/os-release"].data == b"ID=fedora\n"
    assert source.files["proc/meminfo"].data == b"MemTotal: 1 kB\n"
    assert source.files["proc/cmdline"].complete is Completeness.UNREADABLE
    assert source.files["proc/cpuinfo"].complete is Completeness.UNREADABLE


def test_links_of_a_tree_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ro kvm_amd.sev=0\n")
    top = tmp_path / "tree"
    (top / "proc").mkdir(parents=True)
    (top / "etc").mkdir()
    (top / "usr/lib").mkdir(parents=True)
    (top / "usr/lib/os-release").write_text("ID=fedora\n")
    os.symlink("../../secret", top / "proc/cmdline")
    os.symlink("/usr/lib/os-release", top / "etc/os-release")
    source = open_source(str(top))
    source.load(Wanted(("proc/cmdline", "etc/os-release"), (), (), lambda *_: None))
    assert source.files["etc/os-release"].data == b"ID=fedora\n"
    assert source.files["proc/cmdline"].complete is Completeness.UNREADABLE


def test_a_walk_sees_what_git_sees(tmp_path: Path) -> None:
    xml = "<domain type='kvm'><name>a</name></domain>"
    for path in ("a.xml", "deep/b.xml", "build/c.xml", "deep/skip.xml", ".git/d.xml", "net.xml", "note.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("<network/>" if path == "net.xml" else xml)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "deep/.gitignore").write_text("skip*\n")
    source = open_source(str(tmp_path))
    source.load(Wanted((), (), (), lambda *_: None))
    assert list(source.files) == ["a.xml", "deep/b.xml"]
    assert (source.kind, source.not_domains) == ("xml", 1)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"[    0.000000] Linux version 6.1\n[    0.100000] x\n", "cmd/dmesg"),
        (b"[    0.000000][    T0] Linux version 6.1\n", "cmd/dmesg"),
        (b"\x1b[32m[    0.000000] \x1b[0mLinux version 6.1\n", "cmd/dmesg"),
        (b"[Mon Feb  7 09:34:10 2022] x\n", "cmd/dmesg"),
        (b"kern  :info  : [    0.000000] x\n", "cmd/dmesg"),
        (b"Feb  4 09:34:10 h kernel: x\n", "cmd/journal-boot"),
        (b"2022-02-04T09:34:10+0000 h kernel: x\n", "cmd/journal-boot"),
        (b"processor\t: 0\nvendor_id\t: x\n", "proc/cpuinfo"),
        (b"BOOT_IMAGE=/vmlinuz root=/dev/sda ro\n", "proc/cmdline"),
        (b"<domain type='kvm'/>", "domain.xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -- b -->\n<domain/>", "domain.xml"),
        ("<domain/>".encode("utf-16"), "domain.xml"),
        (b"<domstatus state='running'>", "domain.xml"),
        (b"<network/>", "xml"),
        (b"<domainCapabilities/>", "cmd/virsh-domcapabilities"),
        (b"2026-01-20 08:03:55.117+0000: starting up libvirt version: 10\n", "var/log/libvirt/qemu/{domain}.log"),
        (b"sev 410\nsev_es 99\n", "sys/fs/cgroup/misc.capacity"),
        (b"hello world\n", None),
        (b"", None),
        (b"# README\nBOOT_IMAGE is\n", None),
    ],
)
def test_bare_files_are_known_by_content(content: bytes, name: str | None) -> None:
    assert recognise(content) == name


def test_broken_xml_has_no_root() -> None:
    assert (xml_root(b"<"), xml_root(b"x"), xml_root(b"<!-- x")) == ("", None, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("files: [a]\n", "must map paths"),
        ("files: {a: {colour: red}}\n", "unknown: colour"),
        ("a: &x {b: 1}\nfiles: {c: *x}\n", "aliases"),
        ("files:\n  a: {mode: rwx}\n", "invalid literal"),
        ("from: ../up.yaml\nfiles: {}\n", "without"),
        ("from: nowhere.yaml\nfiles: {}\n", "is not there"),
        ("files: {a: [\n", "not valid YAML"),
    ],
)
def test_a_bad_bundle_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(text)
    with pytest.raises(SourceError, match=message) as caught:
        BundleSource(str(path))
    assert "\n" not in str(caught.value)


def test_standard_input(tmp_path: Path) -> None:
    text = files_of("iommu-passthrough")["etc/libvirt/qemu/vault-01.xml"].replace("0x00030000", "0x000b0000")
    command = [sys.executable, "-m", "sevlint", "check", "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert b"error[policy-allows-debug]" in done.stdout
    assert b"--> <stdin>:" in done.stdout

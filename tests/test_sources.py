"""The same evidence gives the same outcomes, however it was collected: sosreport (old and new, directory and archive),
a copied root tree, bare files, standard input."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
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
from sevlint.sources.base import File, Source, Wanted
from sevlint.sources.bundle import BundleSource
from sevlint.sources.opening import open_source
from sevlint.sources.recognise import HEAD, is_domain, recognise, xml_root

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


def test_what_the_manifest_calls_incomplete_proves_nothing(tmp_path: Path) -> None:
    """A journal that ran into the time limit lacks its end, without a mark in the file (snapshots 1.4)."""
    top = tmp_path / "sosreport-node1"
    files = files_of("milan-snp")
    journal = "sos_commands/logs/journalctl_--no-pager_--boot"
    lines = files.pop("cmd/dmesg").split("\n")[:20]
    files[journal] = "\n".join(f"Jan 20 08:00:01 node1 kernel: {line.partition('] ')[2]}" for line in lines)
    for gone in [path for path in files if path.startswith("sys/kernel/iommu_groups")]:
        del files[gone]
    write(top, files, NEW)
    assert ("iommu-off", "error") in found(top)[0]  # by its file alone the journal is whole
    commands = [{"filepath": journal, "return_code": 124, "truncated": False}]
    (top / "sos_reports").mkdir()
    manifest = top / "sos_reports" / "manifest.json"
    manifest.write_text(json.dumps({"components": {"report": {"plugins": {"logs": {"commands": commands}}}}}))
    assert found(top)[0] == []
    archive = tmp_path / "sosreport-node1.tar.xz"
    with tarfile.open(archive, "w:xz") as made:
        made.add(top, top.name)
    assert found(archive)[0] == []


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
            ("top/etc/qemu/firmware/a.json", "/dev/null"),
        ):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            made.addfile(link)
        for name, text in (("top/usr/lib/os-release", b"ID=fedora\n"), ("top/usr/lib/mem", b"MemTotal: 1 kB\n")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            made.addfile(member, io.BytesIO(text))
    source = open_source(str(archive))
    wanted = ("proc/cmdline", "etc/os-release", "proc/meminfo", "proc/cpuinfo", "etc/qemu/firmware/*.json")
    source.load(Wanted(wanted, (), (), lambda *_: None))
    assert source.files["etc/os-release"].data == b"ID=fedora\n"
    assert source.files["proc/meminfo"].data == b"MemTotal: 1 kB\n"
    assert source.files["proc/cmdline"].complete is Completeness.UNREADABLE
    assert source.files["proc/cpuinfo"].complete is Completeness.UNREADABLE
    assert source.files["etc/qemu/firmware/a.json"] == File("etc/qemu/firmware/a.json", b"")


def test_links_of_a_tree_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ro kvm_amd.sev=0\n")
    top = tmp_path / "tree"
    (top / "proc").mkdir(parents=True)
    (top / "etc").mkdir()
    (top / "usr/lib").mkdir(parents=True)
    (top / "usr/lib/os-release").write_text("ID=fedora\n")
    os.symlink("../../secret", top / "proc/cmdline")
    os.symlink("/usr/lib/os-release", top / "etc/os-release")
    (top / "etc/qemu/firmware").mkdir(parents=True)
    os.symlink("/dev/null", top / "etc/qemu/firmware/a.json")
    os.symlink("/dev/zero", top / "etc/qemu/firmware/b.json")
    source = open_source(str(top))
    wanted = ("proc/cmdline", "etc/os-release", "etc/qemu/firmware/*.json")
    source.load(Wanted(wanted, (), (), lambda *_: None))
    assert source.files["etc/qemu/firmware/a.json"] == File("etc/qemu/firmware/a.json", b"")
    assert source.files["etc/qemu/firmware/b.json"].complete is Completeness.UNREADABLE
    assert source.files["etc/os-release"].data == b"ID=fedora\n"
    assert source.files["proc/cmdline"].complete is Completeness.UNREADABLE


@pytest.mark.parametrize("target", ["/dev/null", "../../../dev/null"])
def test_a_link_to_nowhere_masks_a_file(tmp_path: Path, target: str) -> None:
    """As good as empty in a tree, an archive and a bundle; a domain's XML is never masked."""
    wanted = Wanted(("etc/udev/rules.d/*.rules", "etc/libvirt/qemu/*.xml"), (), (), lambda *_: None)
    top = tmp_path / "tree"
    (top / "proc").mkdir(parents=True)
    (top / "proc/cmdline").write_text("ro\n")
    for path in ("etc/udev/rules.d/70-sev.rules", "etc/libvirt/qemu/vm.xml"):
        (top / path).parent.mkdir(parents=True)
        os.symlink(target, top / path)
    with tarfile.open(tmp_path / "a.tar", "w") as made:
        made.add(top, "top")
    bundle = tmp_path / "b.yaml"
    bundle.write_text(
        f"files:\n  etc/udev/rules.d/70-sev.rules: {{link: {target}}}\n  etc/libvirt/qemu/vm.xml: {{link: {target}}}\n"
    )
    for path in (top, tmp_path / "a.tar", bundle):
        source = open_source(str(path))
        source.load(wanted)
        masked, broken = source.files["etc/udev/rules.d/70-sev.rules"], source.files["etc/libvirt/qemu/vm.xml"]
        assert (masked.kind, masked.data, masked.complete) == ("file", b"", Completeness.WHOLE), path
        assert broken.complete is Completeness.UNREADABLE, path


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
        (b"<6>[    0.000000] Linux version 6.1\n<4>[    0.100000] x\n", "cmd/dmesg"),
        (b"<30>Feb  4 09:34:10 h kernel: x\n", "cmd/journal-boot"),
        (b"<6>1 2026-01-20T08:00:00.123456+00:00 h kernel - - - x\n", "cmd/journal-boot"),
        (b"<6> x", None),
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
    assert (xml_root(b"<"), xml_root(b"x"), xml_root(b"<!-- x")) == (None, None, "")


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


# beginnings of files

GAP = b"<!-- " + b"x" * 9000 + b" -->\n"
DOMAIN = b"<domain type='kvm'><name>a</name></domain>"


@pytest.mark.parametrize(
    "content",
    [
        GAP + DOMAIN,
        b"<!-- a -->\n<?p q?>" * 40 + DOMAIN,
        b"<?p " + b"x" * 600 + b" > ?>" + DOMAIN,
        b'<!DOCTYPE d [<!ENTITY a "]>"><!-- ]> \' -->]>' + DOMAIN,
        b"<!DOCTYPE domain>" + DOMAIN,
        b"<!DOCTYPE d [" + DOMAIN,
        b"<!-- not closed <domain type='kvm'>",
        b"<?xml version='1.0' <domain>",
        b"<domain",
        *((GAP.decode() + DOMAIN.decode()).encode(code) for code in ("utf-16", "utf-16-le", "utf-16-be")),
        "<!-- not closed <domain>".encode("utf-16-le"),
        "<!-- not closed <domain>".encode("utf-16"),
    ],
)
def test_a_domain_is_one_whatever_stands_before_it(content: bytes) -> None:
    assert recognise(content) == "domain.xml"
    assert is_domain(content)


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE domain [<!ENTITY a '<domain>'>]><network/>",
        b"<!-- <domain> --><network/>",
        b"<!-- not closed <domainbackup>",
        b"<domainCapabilities><",
        b"<network",
    ],
)
def test_other_xml_is_no_domain(content: bytes) -> None:
    assert not is_domain(content)


def test_a_root_behind_more_than_the_head_is_found(tmp_path: Path) -> None:
    for comment in (b"<!-- " + b"x" * 70_000 + b" -->", b"<!--" + b"x" * (HEAD - 10) + b"-->"):
        for start in (b"", b"<!DOCTYPE x>"):
            (tmp_path / "a.xml").write_bytes(comment + start + DOMAIN)
            for path in (tmp_path, tmp_path / "a.xml"):
                assert set(loaded(path).recognised.values()) == {"domain.xml"}
    (tmp_path / "a.xml").write_bytes(b"<!-- " + b"x" * 70_000 + b" --><network/>")
    assert loaded(tmp_path).not_domains == loaded(tmp_path / "a.xml").not_domains == 1


@pytest.mark.parametrize("part", [b"<!-- a -->", b"<!--", b"<?", b'<!DOCTYPE "', b"<!DOCTYPE [", b"'\"", b" ", b"<"])
def test_a_hostile_beginning_costs_little(part: bytes) -> None:
    for start in (b"", b"<!DOCTYPE a [", b"<!--"):
        head = start + part * (1_000_000 // len(part))
        is_domain(head)


def loaded(path: Path, *keep: str, logs: tuple[str, ...] = ()) -> Source:
    source = open_source(str(path))
    source.load(Wanted(keep, logs, (), lambda _, chunks, complete: b"".join(chunks) and None))
    return source


# what may not be read


def test_an_unreadable_folder_leaves_a_gap_in_every_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("etc/libvirt/qemu", "boot", "proc"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "proc/cmdline").write_text("ro\n")
    real = os.listdir, os.lstat

    def refuse(path: Any) -> None:
        if str(path).endswith(("etc/libvirt/qemu", "boot/grub2")):
            raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", lambda path: refuse(path) or real[0](path))
    monkeypatch.setattr(os, "lstat", lambda path: refuse(path) or real[1](path))
    monkeypatch.setattr(os, "stat", real[1])
    source = loaded(tmp_path, "proc/cmdline", "etc/libvirt/qemu/*.xml", "boot/grub2/grub.cfg", "boot/x")
    gaps = {path: file.why for path, file in source.files.items() if file.complete is Completeness.UNREADABLE}
    assert gaps == dict.fromkeys(("boot/grub2/grub.cfg", "etc/libvirt/qemu/*.xml"), "Permission denied")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_failure_does_not_become_a_pass_for_who_may_not_look(tmp_path: Path) -> None:
    top = tmp_path / "node"
    write(top, files_of("asid-overcommit"), NEW)
    assert ("asid-overcommit", "error") in found(top)[0] or ("asid-overcommit", "warning") in found(top)[0]
    for folder in (top, *tmp_path.parents, tmp_path):
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, 0o755)
    os.chmod(top / "etc/libvirt/qemu", 0)
    os.seteuid(65534)
    try:
        source = loaded(top, "etc/libvirt/qemu/*.xml")
        report = found(top)
    finally:
        os.seteuid(0)
    assert source.files["etc/libvirt/qemu/*.xml"].complete is Completeness.UNREADABLE
    assert "Permission denied" in source.damage
    assert any(report[1])


def test_an_empty_file_that_nobody_may_read_is_a_gap_in_a_tree(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    for name in ("cmdline", "log", "open"):
        (tmp_path / "proc" / name).write_text("")
        os.chmod(tmp_path / "proc" / name, 0o644 if name == "open" else 0)
    files = loaded(tmp_path, "proc/cmdline", "proc/open", logs=("proc/log",)).files
    assert {path for path, file in files.items() if file.complete is Completeness.UNREADABLE} == {
        "proc/cmdline",
        "proc/log",
    }


def test_a_link_to_a_sosreport_elsewhere_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/s", files_of("iommu-passthrough"), NEW)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/x").symlink_to(tmp_path / "elsewhere/s")
    assert loaded(tmp_path / "d", "proc/cmdline").files == {}
    (tmp_path / "d/y").mkdir()
    (tmp_path / "d/y/sos_commands").symlink_to(tmp_path / "elsewhere/s/sos_commands")
    assert loaded(tmp_path / "d", "proc/cmdline").files == {}


# what is not looked at


def test_domains_below_a_machine_are_counted(tmp_path: Path) -> None:
    for path in ("etc/libvirt/qemu/a.xml", "vms/b.xml", "vms/deep/c.xml", "vms/skip.xml", "net/d.xml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"<network/>" if path == "net/d.xml" else DOMAIN)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("skip*\n")
    source = loaded(tmp_path, "etc/libvirt/qemu/*.xml")
    assert list(source.files) == ["etc/libvirt/qemu/a.xml"]
    folder = tmp_path / "vms"
    assert source.remark == f"2 domain XML files below were not looked at: name their folder ({folder})"
    (tmp_path / "sos_commands").mkdir()
    assert loaded(tmp_path, "etc/libvirt/qemu/*.xml").remark == ""


def test_domains_below_a_bare_log_are_counted(tmp_path: Path) -> None:
    (tmp_path / "dmesg.txt").write_text("[    0.000000] Linux version 6.1\n")
    (tmp_path / "vms").mkdir()
    (tmp_path / "vms/a.xml").write_bytes(DOMAIN)
    done = sevlint("check", str(tmp_path))
    assert f"{tmp_path}: 1 domain XML file below was not looked at: name their folder".encode() in done.stderr


def test_a_folder_with_an_archive_says_so(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar.xz", "w:xz") as made:
        made.addfile(tarfile.TarInfo("x"))
    (tmp_path / "s.tar.xz.sha256").write_text("0\n")
    with pytest.raises(SourceError, match=f"{tmp_path}: holds an archive: name it: {tmp_path}/s.tar.xz"):
        loaded(tmp_path, "proc/cmdline")
    (tmp_path / "dmesg.txt").write_text("[    0.000000] Linux version 6.1\n")
    assert loaded(tmp_path).remark == "s.tar.xz in it was not looked at: name it"


# what can be read once


def sevlint(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "sevlint", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, **options)


@pytest.mark.parametrize("form", ["tar", "tar.xz", "bundle", "dmesg", "dmesg.gz", "xml"])
@pytest.mark.parametrize("way", ["stdin", "fifo", "substitution"])
def test_a_stream_works_like_a_file(form: str, way: str, tmp_path: Path) -> None:
    files = files_of("iommu-passthrough")
    path = tmp_path / f"in.{form}"
    if form.startswith("tar"):
        write(tmp_path / "sosreport-n1", files, NEW)
        with tarfile.open(path, "w:" + form[4:]) as made:  # type: ignore[call-overload]
            made.add(tmp_path / "sosreport-n1", "sosreport-n1")
    elif form == "bundle":
        path.write_text(yaml.safe_dump({"files": files}))
    elif form == "xml":
        path.write_text(files["etc/libvirt/qemu/vault-01.xml"].replace("0x00030000", "0x000b0000"))
    else:
        text = files["cmd/dmesg"].encode()
        path.write_bytes(gzip.compress(text) if form.endswith("gz") else text)
    bundle = tmp_path / "in.yaml"
    expected = sevlint("check", str(path.rename(bundle) if form == "bundle" else path), "--goal", "sev-snp")
    path = bundle if form == "bundle" else path
    options = ("--goal", "sev-snp")
    if way == "stdin":
        done = sevlint("check", "-", *options, input=path.read_bytes())
    elif way == "fifo":
        os.mkfifo(tmp_path / "fifo")
        with subprocess.Popen(["cp", path, tmp_path / "fifo"]):
            done = sevlint("check", str(tmp_path / "fifo"), *options)
    else:
        script = f"exec {sys.executable} -m sevlint check <(cat {path}) --goal sev-snp"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (expected.returncode, expected.stderr)
    heads = [
        [line for line in one.stdout.split(b"\n") if line[:6] in (b"error[", b"warnin")] for one in (done, expected)
    ]
    assert heads[0] == heads[1]
    assert heads[0]


def test_a_fifo_that_nobody_writes_to_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevlint.sources.streams.WAIT", 0.1)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SourceError, match="nobody writes to"):
        open_source(str(tmp_path / "fifo"))


def test_a_deep_sosreport_in_a_stream_is_one_clear_line(tmp_path: Path) -> None:
    write(tmp_path / "s", files_of("iommu-passthrough"), NEW)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(tmp_path / "s", "var/tmp/s")
    done = sevlint("check", "-", input=made.getvalue())
    assert done.returncode == 2
    assert done.stderr == b"error: <stdin>: what it holds lies at var/tmp/s/: save it to a file and name that\n"


def test_more_files_than_may_be_open(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.xml" for number in range(150)]
    for number, path in enumerate(paths):
        path.write_bytes(DOMAIN if number else GAP * 10 + DOMAIN)
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))  # noqa: E731
    done = sevlint("check", *map(str, paths), preexec_fn=limit)
    assert (done.returncode, done.stderr) == (0, b"")

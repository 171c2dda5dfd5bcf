"""`sevlint bundle`: what it keeps, what it takes out, and that rules say the same of it."""

from __future__ import annotations

import base64
import tarfile
from pathlib import Path

import pytest
import yaml
from test_cli import sevlint, unpack

from sevlint import app, clean
from sevlint.errors import UsageError
from sevlint.model import Settings

HOSTS = Path(__file__).parent.parent / "fixtures" / "hosts"


def findings(path: Path) -> list[tuple[str, str, str]]:
    checked = app.check(app.CheckOptions((str(path),), Settings(), isolated=True), app.shelf(third_party=False))
    return [(one.rule, one.message, one.domain) for one in checked.report.findings]


def bundled(path: Path, to: Path) -> Path:
    to.write_text(app.bundle(str(path), None, app.shelf(third_party=False)).text)
    return to


@pytest.mark.parametrize("name", ["iommu-passthrough", "drift-and-0666", "milan-snp", "selinux-denies-dev-sev"])
def test_rules_say_the_same_of_a_bundle(tmp_path: Path, name: str) -> None:
    again = bundled(HOSTS / f"{name}.yaml", tmp_path / f"{name}.yaml")
    assert findings(again) == findings(HOSTS / f"{name}.yaml")


def test_a_tree_and_its_archive_make_the_bundle_that_their_host_is(tmp_path: Path) -> None:
    tree = unpack(HOSTS / "iommu-passthrough.yaml", tmp_path / "host")
    with tarfile.open(tmp_path / "host.tar.gz", "w:gz") as archive:
        archive.add(tree, "host")
    one = bundled(tree, tmp_path / "one.yaml")
    two = bundled(tmp_path / "host.tar.gz", tmp_path / "two.yaml")
    files, others = (yaml.safe_load(path.read_text())["files"] for path in (one, two))
    assert "cmd/dmesg" in files
    assert set(files) == set(others)
    assert findings(one) == findings(tree)


def test_secrets_are_taken_out_and_launch_data_keeps_its_length(tmp_path: Path) -> None:
    tree = unpack(HOSTS / "milan-snp.yaml", tmp_path / "host")
    blob = base64.b64encode(b"\x17" * 32).decode()
    (tree / "etc/libvirt/qemu/secret.xml").write_text(
        "<domain type='kvm'>\n  <name>secret</name>\n"
        f"  <launchSecurity type='sev-snp'>\n    <policy>0x30000</policy>\n    <hostData>{blob}</hostData>\n"
        "  </launchSecurity>\n  <devices>\n    <graphics type='vnc' passwd='hunter2'/>\n  </devices>\n</domain>\n"
    )
    text = bundled(tree, tmp_path / "host.yaml").read_text()
    assert "hunter2" not in text
    assert blob not in text
    assert f"<hostData>{'A' * 43}=</hostData>" in text
    assert text == bundled(tree, tmp_path / "again.yaml").read_text()


def test_a_long_log_keeps_the_lines_that_are_known_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sevlint.engine import bundling

    monkeypatch.setattr(bundling, "LOG_LIMIT", 2000)
    tree = unpack(HOSTS / "iommu-passthrough.yaml", tmp_path / "host")
    entry = yaml.safe_load(bundled(tree, tmp_path / "host.yaml").read_text())["files"]["cmd/dmesg"]
    assert entry["filtered"] is True
    assert "SNP: IOMMU disabled or configured in passthrough mode" in entry["text"]
    assert len(entry["text"]) < (tree / "dmesg.txt").stat().st_size
    assert "iommu-passthrough-blocks-snp" in {rule for rule, _, _ in findings(tmp_path / "host.yaml")}


def test_long_texts_are_compressed_and_foreign_bytes_kept(tmp_path: Path) -> None:
    tree = unpack(HOSTS / "milan-snp.yaml", tmp_path / "host")
    (tree / "proc/cpuinfo").write_text((tree / "proc/cpuinfo").read_text() * 200)
    (tree / "etc/default/grub").write_bytes(b"# caf\xe9\n")
    files = yaml.safe_load(bundled(tree, tmp_path / "host.yaml").read_text())["files"]
    assert set(files["proc/cpuinfo"]) == {"gz"}
    assert base64.b64decode(files["etc/default/grub"]["base64"]) == b"# caf\xe9\n"
    assert (tmp_path / "host.yaml").stat().st_size < 200_000


def test_the_command_writes_what_it_is_told_and_nothing_else(tmp_path: Path) -> None:
    code, out, err = sevlint("bundle", HOSTS / "milan-snp.yaml", "-o", tmp_path / "milan.yaml")
    assert (code, out) == (0, "")
    assert err.startswith(f"{tmp_path}/milan.yaml: ")
    assert sevlint("check", tmp_path / "milan.yaml")[0] == 0
    assert sevlint("bundle", HOSTS / "milan-snp.yaml")[1] == (tmp_path / "milan.yaml").read_text()
    assert list(tmp_path.iterdir()) == [tmp_path / "milan.yaml"]
    assert sevlint("bundle", tmp_path / "none")[0] == 2
    assert sevlint("bundle", tmp_path / "milan.yaml", "-o", tmp_path / "milan.yaml")[0] == 2
    assert sevlint("bundle", "-", stdin=b"x")[0] == 2
    (tmp_path / "empty").mkdir()
    code, _, err = sevlint("bundle", tmp_path / "empty")
    assert (code, err.count("\n")) == (2, 1)


def test_standard_input_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="cannot be read twice"):
        app.bundle("-", None, app.shelf(third_party=False))


def test_blank_keeps_lines_and_what_is_no_secret() -> None:
    text = "a\n<session>\nQUJD\nREVG=\n</session>\npassword=hunter2\nend\n"
    assert clean.blank(text) == "a\n<session>\nAAAA\nAAAA=\n</session>\npassword=[MASKED]\nend\n"

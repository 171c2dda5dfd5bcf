"""The command line as users run it: real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
BROKEN = HOSTS / "iommu-passthrough.yaml"
DEBUG = "<domain type='kvm'>\n  <name>{name}</name>\n  <os firmware='efi'>\n    <type arch='x86_64' machine='q35'>hvm</type>\n  </os>\n  <features>\n    <acpi/>\n  </features>\n  <launchSecurity type='sev-snp'>\n    <policy>{policy}</policy>\n  </launchSecurity>\n</domain>\n"


def sevlint(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", **environment: str
) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sevlint", *map(str, arguments)],
        cwd=cwd or ROOT,
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def unpack(bundle: Path, folder: Path) -> Path:
    """A bundle as a hand-copied tree (commands as files at the top)."""
    content = yaml.safe_load(bundle.read_text())
    files = content["files"]
    if content.get("from"):
        files = {**yaml.safe_load((bundle.parent / content["from"]).read_text())["files"], **files}
    for name, entry in files.items():
        text = entry if isinstance(entry, str) else (entry or {}).get("text")
        if text is None:
            continue
        path = folder / (name.removeprefix("cmd/") + ".txt" if name == "cmd/dmesg" else name)
        if name.startswith("cmd/") and name != "cmd/dmesg":
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def as_sos(bundle: Path, folder: Path) -> Path:
    """A bundle as a sosreport tree of sos 4."""
    unpack(bundle, folder)
    (folder / "sos_commands" / "kernel").mkdir(parents=True)
    (folder / "dmesg.txt").rename(folder / "sos_commands" / "kernel" / "dmesg")
    (folder / "version.txt").write_text("sos report: 4.8.0")
    return folder


def first(output: str) -> str:
    return next((line for line in output.split("\n") if line.startswith(("error", "warning"))), "")


def test_version_and_module() -> None:
    assert sevlint("--version")[1].startswith("sevlint 0.")


def test_a_broken_host_names_its_root_cause_first() -> None:
    code, out, err = sevlint("check", BROKEN)
    assert code == 1
    assert first(out).startswith("error[iommu-passthrough-blocks-snp]")
    assert "explains 3 more" in out
    assert err == ""


@pytest.mark.parametrize("form", ["tree", "sos", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_every_form_of_a_snapshot_says_the_same(form: str, tmp_path: Path) -> None:
    tree = (unpack if form == "tree" else as_sos)(BROKEN, tmp_path / "sosreport-node1")
    target = tree
    if form.startswith("tar"):
        target = tmp_path / f"sosreport-node1.{form}"
        with tarfile.open(target, "w:" + form.partition(".")[2]) as archive:
            archive.add(tree, tree.name)
    code, out, err = sevlint("check", target)
    assert (code, err) == (1, "")
    assert first(out).startswith("error[iommu-passthrough-blocks-snp]")
    assert "proc/cmdline:1" in out


def test_a_cut_archive_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    tree = as_sos(BROKEN, tmp_path / "sosreport-node1")
    whole = tmp_path / "whole.tar"
    with tarfile.open(whole, "w") as archive:
        archive.add(tree, tree.name)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 9 // 10])
    code, out, err = sevlint("check", cut)
    assert code == 2
    assert "cut.tar" in err
    assert err.count("\n") == 1
    assert "iommu-passthrough-blocks-snp" in out


def test_an_ordinary_host_is_silent_and_a_goal_wakes_it() -> None:
    code, out, _ = sevlint("check", HOSTS / "ordinary-amd.yaml")
    assert code == 0
    assert not first(out)
    code, out, _ = sevlint("check", "--goal", "sev-snp", HOSTS / "ordinary-amd.yaml")
    assert code == 1
    assert first(out).startswith("error[")


def test_a_host_whose_goal_cannot_be_known_says_so(tmp_path: Path) -> None:
    tree = unpack(HOSTS / "milan-snp.yaml", tmp_path / "host")
    shutil.rmtree(tree / "etc" / "libvirt")
    shutil.rmtree(tree / "var", ignore_errors=True)
    shutil.rmtree(tree / "run", ignore_errors=True)
    code, out, _ = sevlint("check", tree)
    assert code == 0
    assert "--goal sev-snp" in out


def test_a_broken_file_never_hides_the_others(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    (tmp_path / "broken.xml").write_text("<domain type='kvm'><launchSecurity type='sev'>")
    code, out, _ = sevlint("check", tmp_path / "good.xml", tmp_path / "broken.xml", tmp_path / "missing.xml")
    assert code == 2
    assert "policy-allows-debug" in out
    assert "xml-not-well-formed" in out


def test_xml_that_is_no_domain_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_text("<network><name>default</name></network>")
    code, _, err = sevlint("check", tmp_path / "net.xml")
    assert code == 0
    assert "1 file is no domain XML" in err


def test_standard_input() -> None:
    code, out, _ = sevlint("check", "-", stdin=DEBUG.format(name="vm1", policy="0xb0000").encode())
    assert code == 1
    assert "policy-allows-debug" in out


def test_a_domain_on_a_lent_host(tmp_path: Path) -> None:
    good = DEBUG.format(name="vm9", policy="0x30000")
    (tmp_path / "vm.xml").write_text(good)
    code, out, _ = sevlint("check", tmp_path / "vm.xml", "--host", BROKEN)
    assert code == 1
    assert "host-cannot-run-domain" in out
    assert "because: iommu-passthrough-blocks-snp" in out
    code, out, _ = sevlint("check", tmp_path / "vm.xml", "--host", HOSTS / "milan-snp.yaml")
    assert "host-cannot-run-domain" not in out
    code, out, _ = sevlint("check", tmp_path / "vm.xml")
    assert "--host SNAPSHOT" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "no/such/path"], "no/such/path"),
        (["check", "--select", "policy-allow-debug", "README.md"], "did you mean 'policy-allows-debug'"),
        (["check", "--format", "yaml", "README.md"], "no format is called 'yaml'"),
        (["check", "README.md"], "README.md"),
        (["check"], "PATH"),
        (["chekc"], "chekc"),
        (["explain", "nothing-like-it"], "nothing-like-it"),
        (["check", "--show", "everything", "README.md"], "everything"),
        (["check", "--output", "sarif", "README.md"], "FORMAT=FILE"),
    ],
)
def test_bad_usage_is_one_clear_line(arguments: list[str], said: str) -> None:
    code, _, err = sevlint(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert said in err
    assert "Traceback" not in err


def test_an_empty_directory_says_what_to_name(tmp_path: Path) -> None:
    code, _, err = sevlint("check", tmp_path)
    assert code == 2
    assert "sosreport" in err


def test_configuration_hides_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    (tmp_path / ".sevlint.yaml").write_text("ignore: [policy-allows-debug]\n")
    code, out, _ = sevlint("check", tmp_path / "vm.xml")
    assert code == 0
    assert "1 finding hidden: ignored by .sevlint.yaml" in out
    assert sevlint("check", "--isolated", tmp_path / "vm.xml")[0] == 1
    (tmp_path / ".sevlint.yaml").write_text("ignored: [policy-allows-debug]\n")
    code, _, err = sevlint("check", tmp_path / "vm.xml")
    assert code == 2
    assert "did you mean 'ignore'" in err
    (tmp_path / ".sevlint.yaml").write_text("severity: {policy-allows-debug: note}\n")
    assert sevlint("check", tmp_path / "vm.xml")[0] == 0


def test_fail_on(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    assert sevlint("check", "--fail-on", "never", tmp_path / "vm.xml")[0] == 0
    assert sevlint("check", "--fail-on", "error", tmp_path / "vm.xml")[0] == 1


def test_the_same_bytes_whatever_the_surroundings(tmp_path: Path) -> None:
    for form in ("text", "sarif", "json"):
        one = sevlint("check", "--format", form, BROKEN, PYTHONHASHSEED="1", LC_ALL="C", TZ="UTC")
        two = sevlint(
            "check", "--format", form, BROKEN, cwd=tmp_path, PYTHONHASHSEED="7", LC_ALL="C.UTF-8", TZ="Asia/Tokyo"
        )
        assert one == two


def test_outputs_beside_each_other(tmp_path: Path) -> None:
    target = tmp_path / "out.sarif"
    code, out, _ = sevlint("check", BROKEN, "--output", f"sarif={target}", "--output", f"json={tmp_path / 'out.json'}")
    assert code == 1
    assert first(out)
    sarif = json.loads(target.read_text())
    assert sarif["runs"][0]["results"][0]["ruleId"] == "iommu-passthrough-blocks-snp"
    assert json.loads((tmp_path / "out.json").read_text())["format_version"] == 1
    assert sevlint("check", BROKEN, "--output", "json=/no/such/folder/x")[0] == 2


def test_explain_and_rules() -> None:
    assert "iommu=pt" in sevlint("explain", "iommu-passthrough-blocks-snp")[1]
    assert len(json.loads(sevlint("rules", "--format", "json")[1])) >= 35


def test_secrets_and_control_characters_never_come_out(tmp_path: Path) -> None:
    text = DEBUG.format(name="vm\x7f1\u202e", policy="0xb0000").replace(
        "</domain>", "<devices><graphics type='vnc' passwd='hunter2'/></devices></domain>"
    )
    (tmp_path / "vm.xml").write_text(text)
    for form in ("text", "json", "sarif"):
        _, out, _ = sevlint("check", "--format", form, "--show", "notes,passed,open", tmp_path / "vm.xml")
        assert "hunter2" not in out
        assert "\x7f" not in out
        assert "\u202e" not in out

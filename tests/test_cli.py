"""The command line as users run it: real processes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryFile

import pytest
import yaml

from sevlint import app, citations, cli, plugins
from sevlint.facts.codes import errno_codes
from sevlint.model import Confidence, Fault, Finding, Report, Settings, Severity, Subject, Undecided, Verdict
from sevlint.rule import Rule

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
BROKEN = HOSTS / "iommu-passthrough.yaml"
DEBUG = (
    "<domain type='kvm'>\n  <name>{name}</name>\n  <os firmware='efi'><loader stateless='yes'/>\n"
    "    <type arch='x86_64' machine='q35'>hvm</type>\n  </os>\n  <features>\n    <acpi/>\n"
    "  </features><cpu mode='host-passthrough'/><clock offset='utc'><timer name='hpet' present='no'/></clock>\n"
    "  <launchSecurity type='sev-snp'>\n    <policy>{policy}</policy>\n  </launchSecurity>\n</domain>\n"
)


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


def test_a_cut_domain_is_a_finding_whatever_it_asked_for(tmp_path: Path) -> None:
    (tmp_path / "vms").mkdir()
    (tmp_path / "vms" / "a.xml").write_text("<domain type='kvm'>\n  <name>a</name>\n")
    for path in (tmp_path / "vms", tmp_path / "vms" / "a.xml"):
        code, out, _ = sevlint("check", path)
        assert code == 1
        assert first(out).startswith("error[xml-not-well-formed]")


def test_a_lent_host_brings_its_own_fix(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="a", policy="0x00030000"))
    _, out, _ = sevlint("check", tmp_path / "vm.xml", "--host", HOSTS / "asid-split-missing.yaml")
    assert "because: asid-pool-empty" in out
    assert "fix: on the host: set SEV-ES ASID Space Limit" in out
    (tmp_path / "tdx.xml").write_text(DEBUG.format(name="a", policy="0x10000000").replace("sev-snp", "tdx"))
    _, out, _ = sevlint("check", tmp_path / "tdx.xml", "--host", HOSTS / "milan-snp.yaml")
    assert "because: cpu-cannot-host-goal" in first_block(out)
    assert "kernel-too-old" not in out  # no upgrade gives this CPU TDX


def first_block(output: str) -> str:
    return output.split("\n\n", 1)[0].replace("\n       ", " ")


def test_what_the_cpu_cannot_do_explains_the_parameter_and_needs_no_evidence() -> None:
    _, out, _ = sevlint("check", "--goal", "sev-es", HOSTS / "naples-sev.yaml")
    assert "explains 1 more: sev-es-parameter-off" in out
    _, out, _ = sevlint("check", "--goal", "tdx", HOSTS / "ordinary-amd.yaml")
    assert "kvm_intel" not in out


def test_an_empty_file_is_worth_collecting_again(tmp_path: Path) -> None:
    files = yaml.safe_load((HOSTS / "milan-snp.yaml").read_text())["files"]
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": {**files, "proc/cmdline": "", "cmd/dmesg": None}}))
    _, out, _ = sevlint("check", bundle)
    assert "\n  proc/cmdline " in out


def test_the_cause_that_names_the_same_evidence_explains(tmp_path: Path) -> None:
    files = yaml.safe_load((HOSTS / "milan-snp.yaml").read_text())["files"]
    packages = files["cmd/rpm-qa"].replace("9.1.3", "8.2.2").replace("10.6.0", "10.0.0")
    capabilities = files["cmd/virsh-domcapabilities"].replace("sev-snp", "sev")
    bundle = tmp_path / "host.yaml"
    changed = {**files, "cmd/rpm-qa": packages, "cmd/virsh-domcapabilities": capabilities}
    bundle.write_text(yaml.safe_dump({"files": changed}))
    _, out, _ = sevlint("check", bundle, "--format", "json")
    explains = {one["rule"]: one["explains"] for one in json.loads(out)["findings"] if not one["cause"]}
    assert not explains["libvirt-too-old"]
    assert [key.partition("/")[0] for key in explains["qemu-too-old"]] == ["host-cannot-run-domain"]


def test_options_stand_anywhere() -> None:
    code, out, err = sevlint("check", HOSTS / "milan-snp.yaml", "--show", "notes", HOSTS / "iommu-off.yaml", "--")
    assert (code, err) == (1, "")
    assert "milan-snp (" in out
    assert "iommu-off (" in out


def test_an_empty_domain_of_a_host_is_damage(tmp_path: Path) -> None:
    content = yaml.safe_load((HOSTS / "genoa-snp.yaml").read_text())
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": {**content["files"], "etc/libvirt/qemu/lost.xml": ""}}))
    _, out, _ = sevlint("check", bundle, "--show", "open,passed")
    assert "pass[asid-overcommit]" not in out
    assert "open[asid-overcommit]" in out


def test_a_lent_host_with_two_faults_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="a", policy="0x00030000"))
    _, out, _ = sevlint("check", tmp_path / "vm.xml", "--host", HOSTS / "two-faults.yaml")
    assert out.count("error[") == 1
    assert out.count("  because: ") == 2


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "[    0.000000 <    0.000000>] ",
        "[Feb  3 06:40] ",
        "[  +0.000001] ",
        "Tue 2026-02-03 06:40:00 UTC host kernel: ",
        "1770000000.123456 host kernel: ",
    ],
)
def test_a_kernel_log_is_known_in_every_form_that_is_read(prefix: str, tmp_path: Path) -> None:
    files = yaml.safe_load((HOSTS / "iommu-passthrough.yaml").read_text())["files"]
    messages = [line.partition("] ")[2] for line in files["cmd/dmesg"].split("\n") if "] " in line]
    (tmp_path / "log.txt").write_text("".join(f"{prefix}{message}\n" for message in messages))
    _, out, _ = sevlint("check", "--goal", "sev-snp", tmp_path / "log.txt")
    assert "error[iommu-passthrough-blocks-snp]" in out


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
        (["chekc"], "no command is called 'chekc'; did you mean 'check'?"),
        (["explain", "nothing-like-it"], "nothing-like-it"),
        (["explain", "IOMMU-off"], "did you mean 'iommu-off'?"),
        (["check", "--show", "everything", "README.md"], "everything"),
        (["check", "--show", "note", "README.md"], "did you mean 'notes'?"),
        (["check", "--output", "sarif", "README.md"], "FORMAT=FILE"),
        (["check", "--output", "jsn=x", "README.md"], "did you mean 'json'?"),
        (["check", "--form", "text", "README.md"], "no option is called '--form'; did you mean '--format'?"),
        (["check", "--frobnicate", "README.md"], "`sevlint check --help`"),
        (["rules", "--no-plugin"], "no option is called '--no-plugin'; did you mean '--no-plugins'?"),
        (["check", "--goal", "SNP", "README.md"], "'SNP' is not one of sev, sev-es, sev-snp, tdx, s390-pv"),
        (["check", "--goal", "SEV-SNP", "README.md"], "did you mean 'sev-snp'?"),
        (["check", "--select", "", "README.md"], "--select: names nothing"),
        (["check", "--ignore", ",", "README.md"], "--ignore: names nothing"),
        (["check", "--config", "", "README.md"], "--config: is empty"),
        (["check", "--host", "", "README.md"], "--host: is empty"),
        (["check", ""], "PATH: is empty"),
        (["check", "--host", "a", "--host", "b", "README.md"], "--host: one host"),
        (["check", "--output", "sarif=-", "README.md"], "--format sarif"),
        (["check", "--output", "sarif=/no/such/x", "README.md"], "there is no directory /no/such"),
        (["check", "--output", "sarif=fixtures", "README.md"], "it is a directory"),
        (["check", "--output", "sarif=x", "--output", "json=./x", "README.md"], "named twice"),
        (["check", "--output", "json=./README.md", "README.md"], "is an input"),
        (["check", "--output", "json=LICENSE", "--host", "./LICENSE", "README.md"], "is an input"),
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
    code, out, err = sevlint("check", tmp_path / "vm.xml")
    assert code == 2
    assert "did you mean 'ignore'" in err
    assert "policy-allows-debug" in out


@pytest.mark.parametrize("key", ["policy-allows-debug", "domain"])
def test_configuration_regrades_by_rule_or_pack_and_says_so(key: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    (tmp_path / ".sevlint.yaml").write_text(f"severity: {{{key}: note}}\n")
    code, out, _ = sevlint("check", tmp_path / "vm.xml")
    assert code == 0
    assert "1 note (--show notes)" in out
    assert "1 finding regraded by .sevlint.yaml" in out


def test_fail_on_of_a_configuration_is_told_where_it_changes_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    (tmp_path / ".sevlint.yaml").write_text("fail-on: never\n")
    code, out, _ = sevlint("check", tmp_path / "vm.xml")
    assert code == 0
    assert "exit code 0 instead of 1, by `fail-on: never` of .sevlint.yaml" in out
    code, out, _ = sevlint("check", "--fail-on", "error", tmp_path / "vm.xml")
    assert code == 1
    assert "exit code" not in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("severity: {policy-allows-debug: [1]}", "severity of policy-allows-debug must be error, warning or note"),
        ("severity: {policy-allows-debug: erorr}", "did you mean 'error'?"),
        ("severity: {policy-allow-debug: note}", "did you mean 'policy-allows-debug'?"),
        ("severity: [note]", "severity must map rules or packs"),
        ("ignore: 2024-13-45", "ignore must be a list of rules or packs"),
        ("ignore: [2024-13-45]", "no rule is called '2024-13-45'"),
        ("fail-on: {a: b}", "fail-on must be error, warning, note or never"),
        ("fail-on: sometimes", "fail-on: 'sometimes' is not error, warning, note or never"),
        ("ignore: [domain]\nselect: [host]\nignore: []", ":3: 'ignore' stands here a second time"),
        ("severity: {domain: note, domain: error}", ":1: 'domain' stands here a second time"),
        ("? [a]\n: b", "a key must be a word"),
        ("[1, 2]", "must be a mapping"),
        ("a: &x 1\nb: *x", "aliases"),
        ("ignore: [", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("[" * 900 + "]" * 900, "nested too deeply"),
    ],
)
def test_a_broken_configuration_is_one_clear_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    (tmp_path / "sevlint.yaml").write_text(text)
    code, out, err = sevlint("check", "--config", tmp_path / "sevlint.yaml", tmp_path / "vm.xml")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not any(word in err for word in ("Traceback", "None", "datetime", "a fault of sevlint"))


def test_configuration_holds_for_each_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for folder in ("a", "b/deep", "c"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "vm.xml").write_text(DEBUG.format(name="vm", policy="0xb0000"))
    (tmp_path / "b" / ".sevlint.yaml").write_text("ignore: [policy-allows-debug]\n")
    code, out, err = sevlint("check", ".", cwd=tmp_path)
    assert (code, err) == (1, "")
    assert "a/vm.xml:10:13" in out
    assert "b/deep/vm.xml" not in out
    assert "1 finding hidden: ignored by b/.sevlint.yaml" in out
    (tmp_path / "c" / ".sevlint.yaml").write_text("ignored: []\n")
    code, out, err = sevlint("check", ".", cwd=tmp_path)
    assert code == 2
    assert err == "error: c/.sevlint.yaml: unknown key 'ignored'; did you mean 'ignore'? (judged without it)\n"
    assert "c/vm.xml:10:13" in out
    (tmp_path / "c" / ".sevlint.yaml").write_text("fail-on: never\n")
    (tmp_path / "a" / ".sevlint.yaml").write_text("fail-on: never\n")
    assert sevlint("check", ".", cwd=tmp_path)[0] == 0
    (tmp_path / "a" / ".sevlint.yaml").unlink()
    assert sevlint("check", ".", cwd=tmp_path)[0] == 1


def test_configuration_of_a_lent_host_holds_for_nobody(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm9", policy="0x30000"))
    lent = tmp_path / "lent"
    lent.mkdir()
    shutil.copy(BROKEN, lent / "host.yaml")
    shutil.copy(HOSTS / "milan-snp.yaml", lent)
    expected = sevlint("check", "vm.xml", "--host", "lent/host.yaml", cwd=tmp_path)
    assert expected[0] == 1
    for text in ("ignore: [iommu-passthrough-blocks-snp, kernel]", "ignored: []"):
        (lent / ".sevlint.yaml").write_text(text)
        assert sevlint("check", "vm.xml", "--host", "lent/host.yaml", cwd=tmp_path) == expected
    _, out, _ = sevlint("check", "vm.xml", "--host", "lent/host.yaml", "--ignore", "snp-parameter-off", cwd=tmp_path)
    assert "hidden" not in out


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


def test_an_output_is_written_through_links_pipes_and_devices(tmp_path: Path) -> None:
    """What is there and is no regular file keeps what it is."""
    target, link, pipe = tmp_path / "target.json", tmp_path / "link.json", tmp_path / "pipe"
    link.symlink_to(target.name)
    target.write_text("old")
    target.chmod(0o640)
    os.mkfifo(pipe)
    with TemporaryFile() as read:  # a pipe of its own would be full before the report is whole
        with subprocess.Popen(["cat", str(pipe)], stdout=read):
            assert sevlint("check", BROKEN, "--output", f"json={link}", "--output", f"sarif={pipe}")[0] == 1
        read.seek(0)
        assert read.read().startswith(b'{"$schema"')
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert json.loads(target.read_text())["format_version"] == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.json", "pipe", "target.json"]


def test_a_report_is_shown_though_its_output_cannot_be_written(tmp_path: Path) -> None:
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    code, out, err = sevlint("check", BROKEN, "--output", f"json={link}", "--output", f"sarif={tmp_path / 'x'}")
    assert code == 2
    assert first(out).startswith("error[iommu-passthrough-blocks-snp]")
    assert err == f"error: --output: cannot write {link}: No space left on device\n"
    assert json.loads((tmp_path / "x").read_text())["version"] == "2.1.0"
    assert link.is_symlink()


def shell(command: str, **environment: str) -> tuple[int, str]:
    """A command line with redirections; its exit code and what it says on standard error."""
    environment = {**os.environ, "PY": sys.executable, "HOST": str(BROKEN), **environment}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, env=environment, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    "words",
    ["check $HOST", "check --format sarif $HOST", "rules", "explain iommu-off", "--help", "check --help", "--version"],
)
@pytest.mark.parametrize(
    ("where", "said"),
    [(">/dev/full", "standard output: No space left on device"), (">&-", "standard output is closed")],
)
def test_standard_output_that_takes_nothing_is_one_line(words: str, where: str, said: str) -> None:
    assert shell(f"$PY -m sevlint {words} {where}") == (2, f"error: {said}\n")


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-"])
def test_standard_error_never_changes_the_exit_code(where: str, tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_text("<network/>")
    assert shell(f"$PY -m sevlint check $HOST $NET {where}", NET=str(tmp_path / "net.xml"))[0] == 1
    assert shell(f"$PY -m sevlint check nowhere {where}")[0] == 2


def test_a_pipe_whose_reader_went_away() -> None:
    assert shell("{ $PY -m sevlint rules; echo $? >&2; } | true") in ((0, "141\n"), (0, "0\n"))


def test_without_docstrings_there_are_no_pages() -> None:
    code, _, err = sevlint("check", BROKEN, PYTHONOPTIMIZE="2")
    assert code == 2
    assert err.startswith("error: Python runs with -OO or PYTHONOPTIMIZE=2")
    assert err.count("\n") == 1
    assert sevlint("check", BROKEN, PYTHONOPTIMIZE="1")[0] == 1


def test_each_named_input_that_holds_nothing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0x30000"))
    (tmp_path / "notes.txt").write_text("nothing\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "net.xml").write_text("<network/>")
    code, out, err = sevlint("check", "vm.xml", "notes.txt", "empty", "net.xml", "--format", "json", cwd=tmp_path)
    assert code == 2
    lines = err.splitlines()
    assert lines[0] == "1 file is no domain XML"
    assert [line.split(": ")[1] for line in lines[1:]] == ["notes.txt", "empty"]
    assert [f"error: {line}" for line in json.loads(out)["errors"]] == lines[1:]


def test_a_report_of_a_run_that_judged_nothing_says_so(tmp_path: Path) -> None:
    code, out, _ = sevlint("check", "--format", "sarif", tmp_path)
    assert code == 2
    notes = json.loads(out)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "nothing in it that sevlint knows" in notes[0]["message"]["text"]
    (tmp_path / "net.xml").write_text("<network/>")
    code, out, err = sevlint("check", tmp_path)
    assert (code, out, err) == (0, "nothing was judged\n", "1 file is no domain XML\n")


def test_a_lent_host_that_is_none_is_an_error(tmp_path: Path) -> None:
    vm = tmp_path / "vm.xml"
    vm.write_text(DEBUG.format(name="vm1", policy="0x30000"))
    for other, why in ((vm, "there is no host in it"), (HOSTS / "guest-snp.yaml", "it is a guest, not a host")):
        code, _, err = sevlint("check", vm, "--host", other)
        assert code == 2
        assert err == f"error: --host {other}: {why}; name a host's sosreport, copied tree or bundle\n"
    code, _, err = sevlint("check", vm, "--guest", f"vm1={vm}")
    assert code == 2
    assert err == f"error: --guest vm1={vm}: no guest in it; name its dmesg, sosreport or copied tree\n"


def test_nothing_of_the_working_directory_is_imported(tmp_path: Path) -> None:
    """`python -m sevlint` in a hostile repository: neither its modules nor its plugins."""
    trap = "import pathlib; pathlib.Path('trapped').touch()\n"
    for name in ("pluggy", "difflib", "yaml", "trap"):
        (tmp_path / f"{name}.py").write_text(trap)
    info = tmp_path / "trap-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[sevlint]\ntrap = trap\n")
    assert sevlint("check", BROKEN, cwd=tmp_path)[0] == 1
    assert sevlint("explain", "iommu-of", cwd=tmp_path)[0] == 2
    assert not (tmp_path / "trapped").exists()
    sys_path = os.pathsep.join(filter(None, (".", os.environ.get("PYTHONPATH"))))
    (tmp_path / "pluggy.py").unlink()
    (tmp_path / "yaml.py").unlink()
    assert sevlint("check", BROKEN, cwd=tmp_path, PYTHONPATH=sys_path)[0] == 1
    assert not (tmp_path / "trapped").exists()


def test_explain_and_rules() -> None:
    assert "iommu=pt" in sevlint("explain", "iommu-passthrough-blocks-snp")[1]
    assert len(json.loads(sevlint("rules", "--format", "json")[1])) >= 35
    assert "sevlint explain" in sevlint("explain", "ccp-messages")[1]


def test_pages_and_help_keep_their_width() -> None:
    """And what is quoted as a source is quoted whole: YAML cuts at ` #`."""
    for info in json.loads(sevlint("rules", "--format", "json")[1]):
        assert all(ref.count("(") == ref.count(")") for ref in info["refs"]), info["id"]
    for words in (["explain", "host-kernel-too-old"], ["explain", "ccp-psp-inaccessible"], ["explain", "ccp-messages"]):
        assert max(map(len, sevlint(*words)[1].split("\n"))) <= 100
    for columns in (80, 120):
        for command in ([], ["check"], ["explain"], ["rules"]):
            shown = sevlint(*command, "--help", COLUMNS=str(columns))[1]
            assert max(map(len, shown.split("\n"))) <= columns


def test_fifty_domains_with_one_fault_are_one_finding_with_fifty_places(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"vm{number:02}.xml").write_text(DEBUG.format(name=f"vm{number}", policy="0xb0000"))
    code, out, _ = sevlint("check", ".", cwd=tmp_path)
    assert code == 1
    assert out.count("error[policy-allows-debug]") == 1
    assert "the same 49 times more" in out
    assert all(f"  --> ./vm{number:02}.xml:10:13\n" in out for number in range(50))
    assert "50 errors" in out


def test_the_findings_of_a_file_stand_together(tmp_path: Path) -> None:
    smm = "<acpi/>\n    <smm state='on'/>"
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(DEBUG.format(name=name, policy="0xb0000").replace("<acpi/>", smm))
    _, out, _ = sevlint("check", ".", cwd=tmp_path)
    places = [line.split(":")[0] for line in out.split("\n") if line.startswith("  -->")]
    assert places == ["  --> ./a.xml"] * 2 + ["  --> ./b.xml"] * 2


def test_domains_outside_a_host_stand_under_their_own_line(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(DEBUG.format(name="vm1", policy="0xb0000"))
    _, out, _ = sevlint("check", BROKEN, "vm.xml", cwd=tmp_path)
    assert "\nvm.xml: 1 error\n" in out


def test_what_to_collect_is_named_by_its_command_or_the_layouts_file(tmp_path: Path) -> None:
    tree = unpack(HOSTS / "milan-snp.yaml", tmp_path / "plain")
    _, out, _ = sevlint("check", tree)
    assert "  ls -alZR /dev  " in out
    assert "  rpm -qa or dpkg -l  " in out
    assert " cmd/" not in out
    _, out, _ = sevlint("check", as_sos(HOSTS / "milan-snp.yaml", tmp_path / "sos"))
    assert "  sos_commands/block/ls_-alZR_.dev  " in out
    assert "  installed-rpms or installed-debs  " in out
    _, out, _ = sevlint("check", tree, HOSTS / "genoa-snp.yaml")
    assert "  ls -alZR /dev (plain)  " in out


def test_a_file_that_was_given_is_not_to_be_collected(tmp_path: Path) -> None:
    lines = yaml.safe_load(BROKEN.read_text())["files"]["cmd/dmesg"].split("\n")
    (tmp_path / "dmesg").write_text("\n".join(lines[len(lines) // 2 :]))
    (tmp_path / "cut.xml").write_text("<domain type='kvm'><launchSecurity type='sev'>")
    _, out, _ = sevlint("check", "--goal", "sev-snp", "dmesg", cwd=tmp_path)
    collect = out.partition("Collect, in this order:")[2]
    assert "journalctl" in collect
    assert "dmesg or" not in collect
    assert "Collect" not in sevlint("check", "cut.xml", cwd=tmp_path)[1]


def test_every_open_rule_is_in_the_list_or_named(tmp_path: Path) -> None:
    for name in ("old-qemu", "milan-snp", "rome-seves"):
        tree = unpack(HOSTS / f"{name}.yaml", tmp_path / name)
        _, out, _ = sevlint("check", "--format", "json", tree)
        report = json.loads(out)
        opens = {one["rule"] for one in report["undecided"] if one["kind"] == "open" and not one["needs_host"]}
        told = {rule for line in report["collect"] for rule in line["decides"]}
        text = sevlint("check", tree)[1]
        assert told <= opens
        assert (opens == told) == ("nothing more to collect for" not in text)


def test_a_fault_nobody_foresaw_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("boom\npasswd='hunter2'")

    monkeypatch.setattr("sevlint.app.check", broken)
    assert cli.main(["check", str(BROKEN)]) == 3
    told = capsys.readouterr().err
    assert told.startswith("error: a fault of sevlint: ValueError: boom ")
    assert told.count("\n") == 1
    assert "hunter2" not in told
    monkeypatch.setenv("SEVLINT_DEBUG", "1")
    assert cli.main(["check", str(BROKEN)]) == 3
    assert "Traceback" in capsys.readouterr().err


class Broken(plugins.Shelf):
    """A shelf with one rule, and that raises."""

    def rules(self, subjects: frozenset[Subject]) -> list[Rule]:
        def judge(**_: object) -> Verdict:
            raise ValueError("boom")

        one = super().rules(subjects)[0]
        return [Rule(one.info, judge, (), one.goals, None, False)]


def test_a_rule_that_raises_makes_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n")
    asked = app.CheckOptions((str(BROKEN), str(tmp_path / "notes.txt")), Settings())
    checked = app.check(asked, Broken(plugins.manager(third_party=False)))
    assert checked.exit_code == 3
    assert "boom" in checked.report.faults[0].what


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--fail-on", "never", "--strict"], 1),
        (["--fail-on", "never", "no/such/path"], 2),
        (["--ignore", "iommu-passthrough-blocks-snp,kernel"], 1),
        (["--ignore", "iommu-passthrough-blocks-snp,kernel,domain"], 0),
        (["--ignore", "iommu-passthrough-blocks-snp,kernel,domain", "--strict"], 1),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    """Consequences count as findings: the domain that does not start, when what blocks it is ignored."""
    assert sevlint("check", BROKEN, *arguments)[0] == code


def test_exit_code_is_the_highest_that_holds() -> None:
    def code(*severities: Severity, cause: str = "", limits: dict[str, str] | None = None, **kinds: bool) -> int:
        findings = tuple(
            Finding(str(number), "r", severity, Confidence.HIGH, "", (), Subject.HOST, cause=cause)
            for number, severity in enumerate(severities)
        )
        faults = (Fault("rule r", "host", "boom"),) if kinds.get("fault") else ()
        opens = (Undecided("r", "open", "", Subject.HOST),) if kinds.get("open") else ()
        report = Report(
            format_version=1,
            sevlint_version="0",
            inputs=(),
            subjects=(),
            findings=findings,
            undecided=opens,
            collect=(),
            rules=(),
            faults=faults,
            errors=(),
            hidden=(),
        )
        return app._exit_code(report, limits or {}, errors=kinds.get("error", False), strict=kinds.get("strict", False))

    assert code() == code(Severity.NOTE) == code(open=True) == 0
    assert code(Severity.WARNING) == code(Severity.ERROR, cause="x") == code(open=True, strict=True) == 1
    assert code(Severity.WARNING, limits={"0": "error"}) == code(Severity.ERROR, limits={"0": "never"}) == 0
    assert code(Severity.NOTE, limits={"0": "note"}) == code(Severity.ERROR, Severity.ERROR, limits={"0": "never"}) == 1
    assert code(error=True) == code(Severity.ERROR, limits={"0": "never"}, error=True) == 2
    assert code(Severity.ERROR, fault=True, error=True) == 3


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


def test_a_fact_is_cited_by_its_own_key() -> None:
    """A code is an item, not a section; a whole table stands on each of its codes."""
    cited = "(amd-host 8.2 0x80012, 0xa0010, 5.2 #44, #45; 6; peer-checks 1 #3)"
    keys = ("amd-host 8.2 0x80012", "amd-host 8.2 0xa0010", "amd-host 5.2 #44", "amd-host 5.2 #45", "amd-host 6")
    assert citations.keys_of(cited) == (*keys, "peer-checks 1 #3")
    found = json.loads(sevlint("rules", "--by-source", "--format", "json")[1])
    assert found["amd-host 6 0x13"] == ["ccp-sev-init-failed", "decode: sev-firmware"]
    assert found["amd-host 6 0x1f"] == ["decode: sev-firmware"]
    assert "amd-host 6" not in found
    assert {f"amd-host 6 {code.name}" for code in errno_codes().values()} <= set(found)
    text = [line.split("  ")[0] for line in sevlint("rules", "--by-source")[1].splitlines()]
    assert text == list(found)


def test_facts_are_in_the_order_of_their_sheets() -> None:
    rows = [
        "5.1 #9",
        "5.1 #10",
        "5.1 #18",
        "5.1 #18a",
        "5.2 #23",
        "6 0x09",
        "6 0x0a",
        "6 0x10",
        "6 EIO",
        "8 what",
        "8.1 x",
    ]
    keys = [f"amd-host {row}" for row in rows] + ["peer-checks 2 #1", "peer-checks 14 #1"]
    assert sorted(set(keys), key=citations.in_sheet_order) == keys

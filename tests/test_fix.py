"""`sevlint check --fix` and `--diff`: as users run them, and with rules whose edits do what they must not."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sevlint import app, files, plugins
from sevlint.facts.domain import Domain
from sevlint.model import Change, Fail, Goal, Pass, RuleInfo, Settings, Severity, Subject, Verdict, change, edit
from sevlint.rule import How, Rule, Want

ROOT = Path(__file__).parent.parent
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
BAD = """<?xml version='1.0' encoding='{encoding}'?>
<domain type='kvm'>
  <name>vm</name>   <!-- ümlaut -->
  <os firmware="efi">
    <type arch='x86_64' machine='q35'>hvm</type><loader stateless='yes'/>
  </os>
  <features>
    <acpi/>
    <smm/>
  </features><cpu mode='host-passthrough'/>
  <launchSecurity type='sev-snp'>
    <policy> 0x000b0000</policy>
  </launchSecurity>
</domain>
"""
GOOD = BAD.replace("<smm/>", "<smm state='off'/>").replace("0x000b0000", "0x00030000")
TEXT = BAD.format(encoding="utf-8")
FIXED = GOOD.format(encoding="utf-8")


def sevlint(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> tuple[int, str, str]:
    command = [sys.executable, "-m", "sevlint", "check", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_fix_mends_what_is_safe_and_reports_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "vms").mkdir()
    for name in ("a", "b"):
        (tmp_path / "vms" / f"{name}.xml").write_text(TEXT)
    (tmp_path / "vms" / "net.xml").write_text("<network/>")
    code, out, err = sevlint("vms", "--fix", "--output", "json=r.json", cwd=tmp_path)
    assert (code, err) == (0, "1 file is no domain XML\n")
    assert out.startswith("no findings; ")
    assert "\n4 fixed: domain-smm-on (2), policy-allows-debug (2)\n" in out
    assert (tmp_path / "vms" / "a.xml").read_text() == (tmp_path / "vms" / "b.xml").read_text() == FIXED
    assert json.loads((tmp_path / "r.json").read_text())["fixed"] == [["domain-smm-on", 2], ["policy-allows-debug", 2]]
    code, out, _ = sevlint("vms", "--fix", cwd=tmp_path)
    assert code == 0
    assert "fixed" not in out


def test_ignored_findings_are_not_fixed(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(TEXT)
    code, out, _ = sevlint("vm.xml", "--fix", "--ignore", "policy-allows-debug", cwd=tmp_path)
    assert code == 0
    assert "\n1 fixed: domain-smm-on\n" in out
    assert (tmp_path / "vm.xml").read_text() == FIXED.replace("0x00030000", "0x000b0000")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_every_other_byte_stays(encoding: str, newline: str, tmp_path: Path) -> None:
    def bytes_of(text: str) -> bytes:
        name = encoding.removesuffix("-sig")
        return text.format(encoding=name).replace("\n", newline).encode(encoding)

    (tmp_path / "vm.xml").write_bytes(bytes_of(BAD))
    assert sevlint("vm.xml", "--fix", cwd=tmp_path)[0] == 0
    assert (tmp_path / "vm.xml").read_bytes() == bytes_of(GOOD)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_diff_changes_nothing_and_applies(tmp_path: Path) -> None:
    (tmp_path / "v ms").mkdir()
    (tmp_path / "v ms" / "a.xml").write_text(TEXT)
    (tmp_path / "b.xml").write_bytes(TEXT.replace("\n", "\r\n").encode()[:-2])
    (tmp_path / "c.xml").write_bytes(BAD.format(encoding="utf-16").encode("utf-16"))
    code, out, err = sevlint("v ms", "./b.xml", "--diff", "--output", "json=r.json", cwd=tmp_path)
    assert (code, err) == (1, "--fix would fix 4 findings in 2 files\n")
    assert (tmp_path / "v ms" / "a.xml").read_text() == TEXT
    assert "--- a/b.xml\n+++ b/b.xml\n@@ -6,9 +6,9 @@\n" in out
    report = json.loads((tmp_path / "r.json").read_text())
    assert (len(report["findings"]), report["fixed"]) == (4, [])
    command = [sys.executable, "-m", "sevlint", "check", ".", "--diff"]
    diff = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout
    done = subprocess.run([*GIT, "apply", "-p1"], cwd=tmp_path, input=diff, capture_output=True, check=False)
    assert done.stderr == b""
    assert (tmp_path / "v ms" / "a.xml").read_text() == FIXED
    assert (tmp_path / "b.xml").read_bytes() == FIXED.replace("\n", "\r\n").encode()[:-2]
    assert (tmp_path / "c.xml").read_bytes() == GOOD.format(encoding="utf-16").encode("utf-16")
    assert sevlint(".", "--diff", cwd=tmp_path) == (0, "", "nothing that --fix would change\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_diff_applies_from_the_repository_whatever_path_was_named(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    for folder in ("vms/deep", "other"):
        (repository / folder).mkdir(parents=True)
    kept = repository / "vms" / "a.xml", repository / "other" / "b.xml"
    subprocess.run([*GIT, "init", "-q"], cwd=repository, check=True)
    for cwd, paths in (
        (repository, ["vms", repository / "other" / "b.xml"]),
        (repository / "vms" / "deep", ["../a.xml", "../../other"]),
        (tmp_path, [repository / "vms" / "a.xml", "repo/other/b.xml"]),
    ):
        for path in kept:
            path.write_text(TEXT)
        _, diff, err = sevlint(*paths, "--diff", cwd=cwd)
        assert "--- a/vms/a.xml\n" in diff
        assert "--- a/other/b.xml\n" in diff
        assert (f"what is below {repository} applies in that folder" in err) == (cwd != repository)
        done = subprocess.run([*GIT, "apply"], cwd=repository, input=diff.encode(), check=False)
        assert done.returncode == 0
        assert [path.read_text() for path in kept] == [FIXED, FIXED]
    kept[0].write_text(TEXT)
    _, diff, err = sevlint("a.xml", "--diff", cwd=repository / "vms")
    assert "applies in" not in err
    done = subprocess.run([*GIT, "apply"], cwd=repository / "vms", input=diff.encode(), check=False)
    assert done.returncode == 0
    assert kept[0].read_text() == FIXED


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_diff_outside_a_repository_applies_here_or_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there" / "in").mkdir(parents=True)
    kept = tmp_path / "here" / "a.xml", tmp_path / "there" / "in" / "b.xml"
    for path in kept:
        path.write_text(TEXT)
    _, diff, err = sevlint("a.xml", "../there/in/b.xml", "--diff", cwd=tmp_path / "here")
    assert "--- a/a.xml\n" in diff
    assert "--- a/b.xml\n" in diff
    assert f"the diff of what is below {tmp_path}/there/in applies in that folder\n" in err
    _, diff, err = sevlint(kept[0], "--diff", cwd=tmp_path / "here")
    assert "applies in" not in err
    done = subprocess.run([*GIT, "apply"], cwd=tmp_path / "here", input=diff.encode(), check=False)
    assert done.returncode == 0
    assert kept[0].read_text() == FIXED


@pytest.mark.parametrize("around", ["<domains>\n{}</domains>\n", "{}"], ids=["one root", "one after the other"])
def test_every_domain_of_a_file_is_fixed_but_one_that_runs(around: str, tmp_path: Path) -> None:
    def file(bad: str, declare: str) -> str:
        body = bad.replace("<?xml version='1.0' encoding='utf-8'?>\n", declare)
        live = TEXT.replace("<domain ", "<domain id='7' ").replace("<?xml version='1.0' encoding='utf-8'?>\n", declare)
        return around.format(body + live + body.replace("<name>vm<", "<name>vm3<"))

    declare = "" if "domains" in around else "<?xml version='1.0' encoding='utf-8'?>\n"
    (tmp_path / "vms.xml").write_text(file(TEXT, declare))
    code, out, err = sevlint("vms.xml", "--fix", cwd=tmp_path)
    assert code == 1
    assert "4 fixed: domain-smm-on (2), policy-allows-debug (2)" in out
    assert "2 findings can be fixed by hand: a live dump" in err
    assert (tmp_path / "vms.xml").read_text() == file(FIXED, declare)
    _, out, _ = sevlint("vms.xml", "--format", "sarif", cwd=tmp_path)
    assert all("fixes" not in one for one in json.loads(out)["runs"][0]["results"])


def test_a_report_says_what_could_be_fixed(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(TEXT)
    assert "\n2 findings can be fixed: --fix\n" in sevlint("vm.xml", cwd=tmp_path)[1]
    (tmp_path / "vm.xml").write_text(TEXT.replace("q35", "pc"))
    assert "\n2 findings can be fixed: --fix (1 more with --unsafe-fixes)\n" in sevlint("vm.xml", cwd=tmp_path)[1]
    only = ["--select", "machine-i440fx"]
    assert "\n1 finding can be fixed: --fix --unsafe-fixes\n" in sevlint("vm.xml", *only, cwd=tmp_path)[1]
    hushed = "<!-- sevlint: ignore[policy-allows-debug]: a test bed -->\n  <launchSecurity"
    (tmp_path / "vm.xml").write_text(TEXT.replace("<launchSecurity", hushed))
    assert (
        "\n1 finding can be fixed: --fix\n1 finding hidden: suppressed by comments in vm.xml\n"
        in sevlint("vm.xml", cwd=tmp_path)[1]
    )
    (tmp_path / "vm.xml").write_text(FIXED)
    assert "can be fixed" not in sevlint("vm.xml", cwd=tmp_path)[1]


def test_the_host_s_cpu_takes_all_that_is_said_of_a_model(tmp_path: Path) -> None:
    """libvirt refuses a vendor without a model."""
    named = (
        "<cpu mode='custom' match='exact' check='partial'>\n"
        "    <model fallback='forbid'>EPYC</model>\n"
        "    <vendor>AMD</vendor>\n"
        "    <topology sockets='1' cores='2' threads='1'/>\n"
        "  </cpu>"
    )
    passed = "<cpu mode='host-passthrough'>\n    <topology sockets='1' cores='2' threads='1'/>\n  </cpu>"
    text = TEXT.replace("sev-snp", "tdx").replace("<policy> 0x000b0000</policy>", "").replace("<smm/>", "")
    (tmp_path / "vm.xml").write_text(text.replace("<cpu mode='host-passthrough'/>", named))
    sevlint("vm.xml", "--fix", "--select", "cpu-named-model-tdx", cwd=tmp_path)
    assert (tmp_path / "vm.xml").read_text() == text.replace("<cpu mode='host-passthrough'/>", passed)


def test_misspelt_names_are_written_as_libvirt_reads_them(tmp_path: Path) -> None:
    launch = (
        "<launchSecurity type='sev-snp' authroKey='no' kernelhashes='no'>\n"
        "    <polici>0x00030000</polici>\n    <host-data>{}</host-data>\n  </launchSecurity>"
    ).format("A" * 43 + "=")
    wanted = launch.replace("authroKey", "authorKey").replace("kernelhashes", "kernelHashes")
    wanted = wanted.replace("polici", "policy").replace("host-data", "hostData")
    begin = FIXED.index("<launchSecurity")
    (tmp_path / "vm.xml").write_text(f"{FIXED[:begin]}{launch}\n</domain>\n")
    _, out, _ = sevlint("vm.xml", "--fix", cwd=tmp_path)
    assert "1 fixed: sev-policy-missing" in out  # what libvirt ignored, and would then read, is not safe
    assert (tmp_path / "vm.xml").read_text() == f"{FIXED[:begin]}{launch.replace('polici', 'policy')}\n</domain>\n"
    _, out, _ = sevlint("vm.xml", "--fix", "--unsafe-fixes", cwd=tmp_path)
    assert "3 fixed: unknown-launch-child, xml-case-error (2)" in out
    assert (tmp_path / "vm.xml").read_text() == f"{FIXED[:begin]}{wanted}\n</domain>\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fix", "--diff"], "--fix and --diff exclude each other"),
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix or --diff"),
        (["--diff", "--format", "json"], "--output json=FILE"),
    ],
)
def test_flags_that_do_not_go_together(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(TEXT)
    code, out, err = sevlint("vm.xml", *arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert said in err
    assert (tmp_path / "vm.xml").read_text() == TEXT


def test_evidence_is_never_changed(tmp_path: Path) -> None:
    """Host trees, live status, standard input, what `--host` lends, archives, and libvirt's own folders."""
    host = tmp_path / "host"
    inside = host / "etc" / "libvirt" / "qemu"
    inside.mkdir(parents=True)
    (inside / "vm.xml").write_text(TEXT)
    (host / "proc").mkdir()
    (host / "proc" / "cmdline").write_text("ro quiet\n")
    (tmp_path / "live.xml").write_text(TEXT.replace("<domain type", "<domain id='1' type"))
    (tmp_path / "status.xml").write_text(TEXT.replace("<domain ", "<domstatus><domain ") + "</domstatus>")
    shutil.make_archive(str(tmp_path / "host"), "tar", tmp_path, "host")
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    folder, snapshot = "libvirt's own folders are changed by `virsh edit`", "no snapshot is changed"
    for path, why in (
        ("host", snapshot),
        ("host.tar", snapshot),
        ("live.xml", "a live dump of a running domain (it has an id): keep `virsh dumpxml --inactive` instead"),
        ("status.xml", "a <domstatus> is libvirt's own record"),
        ("host/etc/libvirt/qemu/vm.xml", folder),
        ("host/etc/libvirt/qemu", folder),
    ):
        code, out, err = sevlint(path, "--fix", "--unsafe-fixes", cwd=tmp_path)
        assert code == 1, path
        assert "policy-allows-debug" in out
        assert f"can be fixed by hand: {why}" in err
        assert ("by hand only: a live dump" in sevlint(path, cwd=tmp_path)[1]) == (path == "live.xml")
    code, out, err = sevlint("-", "--fix", cwd=tmp_path, stdin=TEXT.encode())
    assert code == 1
    assert "can be fixed by hand: standard input cannot be changed" in err
    assert sevlint("/dev/stdin", "--fix", cwd=tmp_path, stdin=TEXT.encode())[0] == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_a_link_stays_and_so_does_the_mode(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "vm.xml"
    real.write_text(TEXT)
    real.chmod(0o640)
    (tmp_path / "link.xml").symlink_to("real/vm.xml")
    code, out, _ = sevlint("link.xml", "real/vm.xml", "--fix", cwd=tmp_path)
    assert code == 0
    assert "2 fixed" in out
    assert (tmp_path / "link.xml").is_symlink()
    assert real.read_text() == FIXED
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert os.listdir(tmp_path / "real") == ["vm.xml"]


def test_a_domain_on_a_lent_host_is_fixed(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(TEXT)
    host = ROOT / "fixtures" / "hosts" / "milan-snp.yaml"
    assert "2 fixed" in sevlint("vm.xml", "--host", host, "--fix", cwd=tmp_path)[1]
    assert (tmp_path / "vm.xml").read_text() == FIXED


def test_sarif_tells_what_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "vm.xml").write_text(TEXT)
    _, out, _ = sevlint("vm.xml", "--format", "sarif", "--select", "domain-smm-on", cwd=tmp_path)
    (result,) = json.loads(out)["runs"][0]["results"]
    (fix,) = result["fixes"]
    (artifact,) = fix["artifactChanges"]
    region = {"startLine": 9, "startColumn": 9, "endLine": 9, "endColumn": 9}
    assert artifact["artifactLocation"]["uri"] == "vm.xml"
    assert artifact["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": " state='off'"}}]


# --- rules of our own --------------------------------------------------------------------------------------------

Edits = Callable[[Domain], tuple[Change, ...]]


def rule(name: str, edits: Edits, holds: Callable[[Domain], bool], *, safe: bool = True) -> Rule:
    """A rule that fails until `holds`, and proposes these changes."""

    def judge(domain: Domain) -> Verdict:
        if holds(domain):
            return Pass("", (domain.place,))
        return Fail(f"{name} fails", (domain.place,), remedy=edit("mend it", "", *edits(domain), safe=safe))

    info = RuleInfo(name, "domain", name, Subject.DOMAIN, Severity.ERROR, (Goal.SEV_SNP,))
    return Rule(info, judge, (Want("domain", Domain, How.REQUIRED),), frozenset({Goal.SEV_SNP}), None, False)


class Ours(plugins.Shelf):
    """A shelf with these rules."""

    def __init__(self, *rules: Rule) -> None:
        super().__init__(plugins.manager(third_party=False))
        self.ours = rules

    def rules(self, subjects: frozenset[Subject]) -> list[Rule]:
        return list(self.ours)


def checked(path: Path, *rules: Rule, unsafe: bool = False) -> app.Checked:
    asked = app.CheckOptions((str(path),), Settings(), isolated=True, fix=True, unsafe_fixes=unsafe)
    return app.check(asked, Ours(*rules))


@pytest.fixture
def vm(tmp_path: Path) -> Path:
    (tmp_path / "vm.xml").write_text(TEXT)
    return tmp_path / "vm.xml"


def kind(name: str, wanted: str, *others: str, safe: bool = True) -> Rule:
    """A rule that wants the domain's type, or one of others, and puts it there."""
    return rule(
        name,
        lambda domain: (change.put(domain.place.at("type"), wanted),),
        lambda domain: domain.type in (wanted, *others),
        safe=safe,
    )


def test_edits_that_touch_are_made_in_rounds(vm: Path) -> None:
    done = checked(vm, kind("first", "qemu", "xen"), kind("second", "xen"))
    assert done.exit_code == 0
    assert done.report.fixed == (("first", 1), ("second", 1))
    assert vm.read_text() == TEXT.replace("'kvm'", "'xen'")


def test_edits_that_undo_each_other_come_to_an_end(vm: Path) -> None:
    done = checked(vm, kind("first", "qemu"), kind("second", "xen"))
    assert len(done.report.findings) == 1
    assert vm.read_text() in (TEXT.replace("'kvm'", "'xen'"), TEXT.replace("'kvm'", "'qemu'"))


def test_an_edit_that_does_not_mend_is_not_written(vm: Path) -> None:
    never = rule("never", lambda domain: (change.put(domain.place.at("type"), "x"),), lambda domain: False)
    done = checked(vm, never, smm())
    assert done.exit_code == 3
    assert [one.rule for one in done.report.findings] == ["never"]
    assert done.remarks == ()
    assert [(one.where, one.what) for one in done.report.faults] == [
        ("rule never", "its fix was not applied: the finding stays")
    ]
    assert vm.read_text() == TEXT.replace("<smm/>", "<smm state='off'/>")


def smm() -> Rule:
    return rule(
        "smm",
        lambda domain: (change.put(domain.smm_place.at("state"), "off"),) if domain.smm_place else (),
        lambda domain: not domain.smm,
    )


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda domain: (change.add(domain.place, "<b>"),), "it would not be well-formed"),
        (lambda domain: (change.drop(domain.place),), "the root element cannot be dropped"),
        (lambda domain: (change.drop(domain.place.at("no")),), "its element 0 has no attribute no"),
    ],
)
def test_an_edit_that_breaks_the_file_is_not_written(made: Edits, why: str, vm: Path) -> None:
    done = checked(vm, rule("breaks", made, lambda domain: False), smm())
    assert done.exit_code == 3
    assert [(one.where, one.what) for one in done.report.faults] == [("rule breaks", f"its fix was not applied: {why}")]
    assert vm.read_text() == TEXT.replace("<smm/>", "<smm state='off'/>")


def test_all_changes_of_a_finding_or_none(vm: Path) -> None:
    def both(domain: Domain) -> tuple[Change, ...]:
        return change.put(domain.place.at("type"), "xen"), change.drop(domain.place.at("no"))

    assert checked(vm, rule("both", both, lambda domain: domain.type == "xen")).exit_code == 3
    assert vm.read_text() == TEXT


def test_what_is_found_one_after_the_other_is_fixed_in_rounds(vm: Path) -> None:
    """A rule that names the first place only: the next one is no finding that stayed."""

    def judge(domain: Domain) -> Verdict:
        found = next((one for one in domain.features if one.name == "smm" and not one.state), None)
        if found is None:
            return Pass("", (domain.place,))
        return Fail("smm", (found.place,), remedy=edit("", "", change.drop(found.place), safe=True))

    vm.write_text(TEXT.replace("    <smm/>\n", "    <smm/>\n    <acpi/>\n    <smm/>\n    <smm/>\n"))
    done = checked(vm, Rule(smm().info, judge, smm().wants, smm().goals, None, False))
    assert done.report.faults == ()
    assert done.report.fixed == (("smm", 3),)
    assert "<smm" not in vm.read_text()


def test_unsafe_edits_wait_for_the_word(vm: Path) -> None:
    done = checked(vm, kind("risky", "xen", safe=False))
    assert (done.exit_code, vm.read_text()) == (1, TEXT)
    assert done.remarks == ("1 finding can be fixed with --unsafe-fixes: look at what it changes",)
    assert checked(vm, kind("risky", "xen", safe=False), unsafe=True).exit_code == 0
    assert vm.read_text() == TEXT.replace("'kvm'", "'xen'")


def test_an_edit_that_drops_a_comment_is_unsafe(vm: Path) -> None:
    vm.write_text(TEXT.replace("<smm/>", "<smm><!-- needed --></smm>"))
    drops = rule(
        "drops",
        lambda domain: (change.drop(domain.smm_place),) if domain.smm_place else (),
        lambda one: one.smm is None,
    )
    assert checked(vm, drops).exit_code == 1
    assert "needed" in vm.read_text()
    assert checked(vm, drops, unsafe=True).exit_code == 0
    assert vm.read_text() == TEXT.replace("    <smm/>\n", "")


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(TEXT)
    newer = TEXT.replace("vm", "vm2")

    def holds(domain: Domain) -> bool:
        (tmp_path / "a.xml").write_text(newer)
        return not domain.smm

    done = checked(tmp_path, rule("smm", lambda one: (change.put(one.smm_place.at("state"), "off"),), holds))  # type: ignore[union-attr]
    assert done.exit_code == 2
    assert done.errors == (f"{tmp_path}/a.xml: not fixed: it changed since it was read",)
    assert done.report.fixed == (("smm", 1),)
    assert [one.outside for one in done.report.findings] == ["a.xml#1"]
    assert (tmp_path / "a.xml").read_text() == newer
    assert "state='off'" in (tmp_path / "b.xml").read_text()


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(TEXT)
    write = files.replace

    def refuses(path: str, data: bytes) -> None:
        if path.endswith("a.xml"):
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(files, "replace", refuses)
    done = checked(tmp_path, smm())
    assert done.exit_code == 2
    assert done.errors == (f"{tmp_path}/a.xml: not fixed: No space left on device",)
    assert done.report.fixed == (("smm", 1),)
    assert [one.outside for one in done.report.findings] == ["a.xml#1"]
    assert (tmp_path / "a.xml").read_text() == TEXT


def test_more_lines_than_a_parser_counts(vm: Path) -> None:
    vm.write_text(TEXT.replace("  <features>", "\n" * 70_000 + "  <features>"))
    assert checked(vm, smm()).exit_code == 0
    assert vm.read_text() == TEXT.replace("  <features>", "\n" * 70_000 + "  <features>").replace(
        "<smm/>", "<smm state='off'/>"
    )

"""What a repository's configuration says of its domains: expect, exclude, hosts, target."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sevlint import app, config, plugins
from sevlint.errors import UsageError
from sevlint.model import Settings

HOSTS = Path(__file__).parent.parent / "fixtures" / "hosts"
DOMAIN = """<domain type='kvm'>
  <name>vm1</name>
  <memory unit='KiB'>4194304</memory>
  <vcpu>4</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>/usr/share/edk2/ovmf/OVMF.amdsev.fd</loader>
  </os>
  <features>
    <acpi/>
  </features>
  <cpu mode='host-passthrough'/>
LAUNCH</domain>
"""
SNP = "  <launchSecurity type='sev-snp'>\n    <policy>0x00030000</policy>\n  </launchSecurity>\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """prod/snp.xml, prod/plain.xml, old/plain.xml, and the hosts beside them."""
    (tmp_path / ".git").mkdir()
    for path, launch in (("prod/snp.xml", SNP), ("prod/plain.xml", ""), ("old/plain.xml", "")):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(DOMAIN.replace("LAUNCH", launch))
    (tmp_path / "hosts").mkdir()
    for name in ("milan-snp", "iommu-passthrough"):
        shutil.copy(HOSTS / f"{name}.yaml", tmp_path / "hosts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*paths: str, host: str = "", isolated: bool = False) -> app.Checked:
    options = app.CheckOptions(paths, Settings(), host=host, isolated=isolated)
    return app.check(options, app.shelf(third_party=False))


def found(checked: app.Checked) -> list[tuple[str, str]]:
    return [(one.rule, one.spans[0].path) for one in checked.report.findings]


def test_what_is_expected_is_demanded_there_and_nowhere_else(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text('expect:\n- {files: "prod/**/*.xml", goal: sev-snp}\n')
    checked = check(".")
    assert found(checked) == [("launch-security-missing", "prod/plain.xml")]
    assert checked.exit_code == 1
    assert check("old/plain.xml").exit_code == 0
    assert check(".", isolated=True).exit_code == 0
    assert found(check("prod/plain.xml")) == [("launch-security-missing", "prod/plain.xml")]


def test_the_first_expectation_that_matches_counts(repository: Path) -> None:
    text = 'expect:\n- {files: ["prod/plain.xml", "old/"], goal: sev}\n- {files: "*.xml", goal: tdx}\n'
    (repository / ".sevlint.yaml").write_text(text)
    wanted = {one.spans[0].path: one.value for one in check(".").report.findings if "missing" in one.rule}
    assert wanted == {"prod/plain.xml": "sev", "old/plain.xml": "sev"}


def test_what_is_excluded_is_passed_over_by_a_walk_and_said(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text('exclude: ["old/"]\nexpect:\n- {files: "*.xml", goal: sev-snp}\n')
    checked = check(".")
    assert found(checked) == [("launch-security-missing", "prod/plain.xml")]
    assert "1 file left out by `exclude`" in checked.report.changes
    assert found(check("old/plain.xml")) == [("launch-security-missing", "old/plain.xml")]


def test_a_host_of_the_configuration_is_lent_to_the_domains_that_it_names(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text('hosts: {"prod/**": hosts/iommu-passthrough.yaml}\n')
    shutil.copy(repository / "prod/snp.xml", repository / "old/snp.xml")
    (finding,) = check("prod", "old").report.findings
    assert finding.rule == "host-cannot-run-domain"
    assert finding.spans[0].path == "snp.xml"
    assert finding.lent_cause[0].startswith("iommu-passthrough-blocks-snp:")
    assert check("prod/snp.xml", host="hosts/milan-snp.yaml").exit_code == 0


def test_a_host_is_not_read_where_no_domain_asks_for_one(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text('hosts: {"prod/**": hosts/none.yaml}\n')
    assert check("prod/plain.xml").errors == ()
    (error,) = check("prod/snp.xml").errors
    assert "hosts/none.yaml" in error


@pytest.mark.parametrize("host", ["/etc/passwd", "../outside.yaml", "link.yaml"])
def test_a_host_outside_the_repository_is_not_opened(repository: Path, host: str) -> None:
    (repository / "link.yaml").symlink_to(repository.parent / "elsewhere.yaml")
    (repository / ".sevlint.yaml").write_text(f'hosts: {{"**": {host}}}\n')
    checked = check("prod/snp.xml")
    assert checked.exit_code == 2
    assert checked.errors == (f".sevlint.yaml: hosts: {host} is not below the repository (judged without it)",)


@pytest.mark.parametrize(
    ("target", "because"),
    [
        ("cpu: rome", "the host's CPU (Rome) cannot run sev-snp"),
        ('kernel: ">=6.5"', "the host's kernel 6.5 cannot run sev-snp: that needs 6.11"),
        ('qemu: "8.2.2"', "the host's QEMU 8.2.2 cannot run sev-snp: that needs 9.1"),
        ('libvirt: ">= 9.0"', "the host's libvirt 9.0 cannot run sev-snp: that needs 10.5"),
    ],
)
def test_a_target_is_a_host_in_few_words(repository: Path, target: str, because: str) -> None:
    (repository / ".sevlint.yaml").write_text(f"target: {{{target}}}\n")
    checked = check(".")
    (finding,) = checked.report.findings
    assert (finding.rule, finding.message) == ("host-cannot-run-domain", because)
    assert finding.spans[1].path == ".sevlint.yaml"
    assert finding.lent_cause


def test_a_target_that_can_run_it_is_silent(repository: Path) -> None:
    text = 'target: {libvirt: ">=11.8", qemu: "10.1", kernel: "6.17", cpu: milan}\n'
    (repository / ".sevlint.yaml").write_text(text)
    checked = check(".")
    assert checked.report.findings == ()
    assert checked.exit_code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("expect: prod", "expect must be a list"),
        ("expect:\n- {goal: sev}", "needs both files and goal"),
        ("expect:\n- {files: a, goal: snp}", "is not sev, sev-es, sev-snp, tdx or s390-pv"),
        ("expect:\n- {files: a, goal: sev, policy: x}", "unknown key 'policy'"),
        ("expect:\n- {files: a, goal: sev, require: [no-debg]}", "did you mean 'no-debug'?"),
        ("expect:\n- {files: a, goal: sev-snp, min-abi: 1}", "a major and a minor number"),
        ("exclude: {a: b}", "exclude must be a glob or a list of globs"),
        ('exclude: ["!a"]', "begins with !"),
        ("hosts: [a]", "hosts must map globs to snapshots"),
        ("target: milan", "target must be a mapping"),
        ("target: {qemu: new}", "is no version"),
        ("target: {cpu: milano}", "did you mean 'milan'?"),
        ("target: {kvm: 1}", "unknown key 'kvm'"),
    ],
)
def test_what_cannot_be_understood_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / ".sevlint.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        config.read(str(file), ".sevlint.yaml")
    assert says in str(caught.value)
    assert str(caught.value).startswith(".sevlint.yaml: ")
    assert "\n" not in str(caught.value)


def test_the_report_is_sound_json_with_a_target(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text("target: {cpu: naples}\n")
    offers = app.shelf(third_party=False)
    checked = app.check(app.CheckOptions(("prod",), Settings()), offers)
    for form in ("json", "sarif"):
        assert json.loads(app.to_text(checked.report, {}, offers, form))
    assert isinstance(offers, plugins.Shelf)


def test_what_is_proposed_is_what_is_expected(repository: Path) -> None:
    demands = 'require: [no-smt, single-socket], min-abi: "1.55"'
    (repository / ".sevlint.yaml").write_text(f'expect:\n- {{files: "prod/", goal: sev-snp, {demands}}}\n')
    fixes = {one.rule: one.fix for one in check(".").report.findings}
    for rule in ("launch-security-missing", "protection-weaker-than-expected"):
        fix = fixes[rule]
        assert fix is not None
        assert "<policy>0x00120137</policy>" in fix.fragment


def test_a_folder_that_is_left_out_whole_is_no_unknown_input(repository: Path) -> None:
    (repository / ".sevlint.yaml").write_text('exclude: ["prod/"]\n')
    checked = check("prod")
    assert checked.errors == ()
    assert "2 files left out by `exclude`" in checked.report.changes

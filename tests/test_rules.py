"""The whole test code for all rules, over fixtures/<pack>/<rule-id>/*.yaml and fixtures/hosts/*.yaml.

(1) a rule says what its bundle says, at every place and nothing else; (2) every place is honest: its text is in that file;
(3) less evidence never means pass; (4) a rule has a bad, a good and a near miss; (5) its page is whole;
(6) whole hosts give exactly their list, and the same outcomes when buried in noise.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevlint import plugins
from sevlint.model import Fail, Goal, Severity, Subject
from sevlint.testing import Ran, run

FIXTURES = Path(__file__).parent.parent / "fixtures"
BUNDLES = sorted(path for path in FIXTURES.glob("*/*/*.yaml"))
HOSTS = sorted(FIXTURES.glob("hosts/*.yaml"))
NOTES = Path(__file__).parent / "golden" / "host-notes.txt"
CUT_IN_TEST = (
    "etc/libvirt/",
    "run/libvirt/",
    "etc/udev/",
    "etc/tmpfiles.d/",
    "usr/lib/tmpfiles.d/",
    "etc/qemu/firmware/",
    "usr/share/qemu/firmware/",
    "usr/lib/udev/",
    "etc/modprobe.d/",
    "boot/loader/entries/",
    "sys/kernel/iommu_groups/",
)
"""Members of sets: dropped only where a listing still names them, so the test does not drop them."""

LOGS = ("cmd/dmesg", "cmd/journal", "var/log/")
"""What somebody may have filtered."""

SHELF = plugins.Shelf(plugins.manager(third_party=False))
IDS = SHELF.known_ids()


@cache
def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return content


@cache
def load(path: Path) -> dict[str, Any]:
    content = dict(read(path))
    base = content.pop("from", None)
    if base:
        below = read(FIXTURES / base if (FIXTURES / base).exists() else path.parent / base)
        files = {**below["files"], **content.get("files", {})}
        content["files"] = {name: entry for name, entry in files.items() if entry is not None}
    return content


@cache
def ran(path: Path) -> Ran:
    return run(load(path), SHELF)


def name(path: Path) -> str:
    return "/".join(path.relative_to(FIXTURES).with_suffix("").parts)


@pytest.mark.parametrize("path", BUNDLES, ids=name)
def test_a_rule_says_what_its_bundle_says(path: Path) -> None:
    rule = path.parent.name
    result = ran(path)
    assert not result.report.faults
    said = [one for one in result.said if one.rule == rule]
    told: set[int] = set()
    for expected in load(path)["says"]:
        about, goal = expected.get("about"), expected.get("goal")
        fitting = [
            one
            for one in said
            if one.verdict == expected["verdict"]
            and (about is None or one.about == about)
            and (goal is None or Goal(goal) in one.goals)
            and expected.get("because", "") in one.because
            and set(expected.get("at", one.at)) == set(one.at)
        ]
        assert fitting, f"{expected} is not among {[(one.verdict, one.about, one.because, one.at) for one in said]}"
        told.update(id(one) for one in fitting)
        findings = [one for one in result.report.findings if one.rule == rule]
        assert expected["verdict"] != "fail" or bool(findings) == expected.get("raised", True)
        assert "severity" not in expected or {one.severity.value for one in findings} == {expected["severity"]}
        check_fix(expected, findings)
    goals = {Goal(one) for one in load(path).get("goals", [])}
    unsaid = [one for one in said if one.verdict == "fail" and id(one) not in told and (goals & set(one.goals))]
    assert not unsaid, [(one.about, one.because, one.at) for one in unsaid]
    fails = [one for one in load(path)["says"] if one["verdict"] == "fail"]
    assert any(one.get("raised", True) for one in fails) == path.stem.startswith("bad")
    assert all("at" in one for one in fails)
    places_are_honest(path)
    for outcome in result.outcomes:
        if isinstance(outcome.verdict, Fail) and outcome.verdict.severity is not None:
            # a Fail may lower what its rule says; more than that would be lost without a word
            assert outcome.verdict.severity.rank >= outcome.rule.info.severity.rank, outcome.rule.info.id


def check_fix(expected: dict[str, Any], findings: list[Any]) -> None:
    """`fix`: this text, or one of the commands, mends it; `no-commands`: nothing to paste is offered."""
    fixes = [one.fix for one in findings if one.fix is not None]
    wanted = expected.get("fix")
    if wanted is not None:
        assert any(wanted in one.text or wanted in one.commands for one in fixes), fixes
    if expected.get("no-commands"):
        assert fixes
        assert not any(one.commands for one in fixes)


def places_are_honest(path: Path) -> None:
    files = load(path)["files"]
    for one in ran(path).said:
        for span in one.spans:
            if span.line is None or not span.snippet:
                continue
            entry = files.get(span.path)
            text = entry if isinstance(entry, str) else (entry or {}).get("text", "")
            lines = text.split("\n")
            assert span.line <= len(lines), (one.rule, span)
            if "[MASKED]" not in span.snippet and len(span.snippet) < 400:
                assert span.snippet.strip() in lines[span.line - 1].replace("\t", " "), (one.rule, span)


def weakened(files: dict[str, Any], only: tuple[str, ...] = ()) -> list[tuple[str, dict[str, Any]]]:
    """Every way of having less: a file's head or tail cut, filtered, unreadable, or (fixed names) not there."""
    made = []
    for file, entry in files.items():
        text = entry if isinstance(entry, str) else entry.get("text") if isinstance(entry, dict) else None
        ways: dict[str, Any] = {"unreadable": {"unreadable": True}}
        if not file.startswith(CUT_IN_TEST):
            ways["dropped"] = None
        if text and text.count("\n") > 1:
            lines = text.split("\n")
            half = len(lines) // 2
            ways["head cut"] = {"text": "\n".join(lines[half:]), "truncated": True}
            ways["tail cut"] = {"text": "\n".join(lines[:half]), "truncated": True}
            if file.startswith(LOGS):
                ways["filtered"] = {"text": text, "filtered": True}
        for way, value in ways.items():
            if only and way not in only:
                continue
            less = {key: one for key, one in files.items() if key != file}
            if value is not None:
                less[file] = value
            made.append((f"{file} {way}", less))
    return made


FAILING = [path for path in BUNDLES if path.stem.startswith("bad")]


@pytest.mark.parametrize("path", FAILING, ids=name)
def test_less_evidence_never_means_pass(path: Path) -> None:
    rule = path.parent.name
    failed = {
        (one.about, goal) for one in ran(path).said if one.rule == rule and one.verdict == "fail" for goal in one.goals
    }
    rules = [one for one in SHELF.rules(frozenset(Subject)) if one.info.id == rule]
    for what, files in weakened(load(path)["files"]):
        bundle = {**load(path), "files": copy.deepcopy(files)}
        result = run_rules(bundle, rules)
        for one in result.said:
            for goal in one.goals if one.rule == rule and one.verdict == "pass" else ():
                others = {other.verdict for other in result.said if other.rule == rule and goal in other.goals}
                assert (one.about, goal) not in failed or "fail" in others, f"{what}: {one.because}"


def run_rules(bundle: dict[str, Any], rules: list[Any], catalogue: tuple[Any, ...] = ()) -> Ran:
    class Only(plugins.Shelf):
        def rules(self, subjects: frozenset[Subject]) -> list[Any]:
            return list(rules)

        def catalogue(self, subjects: frozenset[Subject]) -> list[Any]:
            return list(catalogue)

    offers = Only(MANAGER)
    offers._cards = SHELF.cards()
    return run(bundle, offers)


MANAGER = plugins.manager(third_party=False)


@pytest.mark.parametrize("rule", sorted(IDS))
def test_a_rule_has_a_bad_a_good_and_a_near_miss(rule: str) -> None:
    stems = {path.stem.split("-")[0] for path in BUNDLES if path.parent.name == rule}
    assert {"bad", "good", "near"} <= stems


@pytest.mark.parametrize("info", [rule.info for rule in SHELF.rules(frozenset(Subject))], ids=lambda info: info.id)
def test_a_page_is_whole(info: Any) -> None:
    assert info.title
    assert info.why.endswith(".")
    assert info.fix.endswith(".")
    assert info.refs
    assert len(info.id) <= 60


def listed(result: Ran, severities: set[Severity]) -> list[tuple[str, str]]:
    tops = [one for one in result.report.findings if not one.cause and one.severity in severities]
    return [(one.rule, one.severity.value) for one in tops]


@pytest.mark.parametrize("path", HOSTS, ids=name)
def test_a_whole_host_gives_exactly_its_list(path: Path) -> None:
    result = ran(path)
    assert not result.report.faults
    expected = load(path)["says"]
    found = listed(result, {Severity.ERROR, Severity.WARNING})
    assert sorted(found) == sorted((one["rule"], one["severity"]) for one in expected)
    if expected:
        assert found[0][0] == expected[0]["rule"]
    by_key = {one.key: one for one in result.report.findings}
    for one in expected:
        explains = one.get("explains")
        if explains is not None:
            cause = next(finding for finding in result.report.findings if finding.rule == one["rule"])
            assert {by_key[key].rule for key in cause.explains} == set(explains)
    places_are_honest(path)


BROKEN = [path for path in HOSTS if load(path)["says"]]


@pytest.mark.parametrize("path", BROKEN, ids=name)
def test_a_whole_host_with_less_evidence_never_passes_what_failed(path: Path) -> None:
    """Every rule and every catalogue that failed: each file unreadable, or (fixed names) not there."""
    failed = {(one.rule, one.about, goal) for one in ran(path).said if one.verdict == "fail" for goal in one.goals}
    ids = {rule for rule, _, _ in failed}
    rules = [one for one in SHELF.rules(frozenset(Subject)) if one.info.id in ids]
    catalogue = tuple(one for one in SHELF.catalogue(frozenset(Subject)) if one.info.id in ids)
    assert len(rules) + len(catalogue) == len(ids)
    for what, files in weakened(load(path)["files"], ("unreadable", "dropped")):
        said = run_rules({**load(path), "files": files}, rules, catalogue).said
        still = {(one.rule, one.about, goal) for one in said if one.verdict == "fail" for goal in one.goals}
        passed = {(one.rule, one.about, goal) for one in said if one.verdict == "pass" for goal in one.goals}
        assert not (passed - still) & failed, what


def noisy(files: dict[str, Any]) -> dict[str, Any]:
    """The same host, harder to read: CRLF, `-` for `_` in module parameters, thousands of foreign lines, other files."""
    made: dict[str, Any] = {}
    for file, entry in files.items():
        if isinstance(entry, str) and not file.endswith((".xml", "domcapabilities", "grubenv")):
            if file == "cmd/dmesg":
                entry = "\n".join(foreign(entry.split("\n"))).rstrip("\n") + "\n"
            if file == "proc/cmdline" or file.startswith("etc/modprobe.d/"):
                entry = entry.replace("kvm_amd", "kvm-amd")
            entry = entry.replace("\n", "\r\n")
        made[file] = entry
    made["etc/hosts"] = "127.0.0.1 localhost\n"
    made["var/log/app.log"] = "SEV: failed to INIT error 0x1, rc -5\n" * 100
    made["etc/systemd/system/kvm_amd.sev=0.service"] = "[Unit]\nDescription=kvm_amd.sev=0\n"
    return made


def foreign(lines: list[str]) -> Iterator[str]:
    """Each line with a score of other drivers' behind it that hold the words of ours."""
    for line in lines:
        yield line
        if line.startswith("["):
            stamp = line.split("]")[0]
            for number in range(20):
                yield f"{stamp}] noise 0000:00:00.{number}: sev_is_not_here SEV off IOMMU maybe swiotlb ok AMD-Vi: no"


def place_of(one: Any) -> tuple[str, ...]:
    return tuple(sorted({place.partition(":")[0] for place in one.at}))


@pytest.mark.parametrize("path", HOSTS, ids=name)
def test_noise_changes_nothing(path: Path) -> None:
    quiet, loud = ran(path), run({**load(path), "files": noisy(load(path)["files"])}, SHELF)
    every = set(Severity)
    assert sorted(listed(loud, every)) == sorted(listed(quiet, every))
    outcomes = [
        sorted((one.rule, one.about, one.verdict, one.goals, place_of(one)) for one in ran_of.said)
        for ran_of in (quiet, loud)
    ]
    assert outcomes[0] == outcomes[1]


def test_the_notes_of_whole_hosts() -> None:
    """Golden: regenerate with SEVLINT_REGENERATE=1."""
    lines = []
    for path in HOSTS:
        lines += [f"{path.stem}: {rule}" for rule, _ in sorted(listed(ran(path), {Severity.NOTE}))]
    text = "\n".join(lines) + "\n"
    if os.environ.get("SEVLINT_REGENERATE"):
        NOTES.write_text(text)
    assert text == NOTES.read_text()

"""The engine with small rules of its own: scopes, gaps, guards, folding, goals, and what is refused at load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sevlint import plugins
from sevlint.api import (
    AMD_SEV,
    AmdRung,
    Confidence,
    Fail,
    Gap,
    Goal,
    Level,
    Open,
    Pass,
    Place,
    Rule,
    Severity,
    Subject,
    Verdict,
    combiner,
    rule,
)
from sevlint.errors import RuleDefinitionError
from sevlint.facts.amd import AsidPools
from sevlint.facts.base import Fact, Reading
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain
from sevlint.facts.guest import GuestProtection
from sevlint.facts.kernel import KernelCmdline, ModuleParameter, SevParameters
from sevlint.model import View
from sevlint.testing import Ran, run

HERE = (Place("x"),)
DOC = "A title.\n\nWhy    Why not.\nFix    Nothing.\nRefs   nobody\n"


def made(function: Any, name: str, **keywords: Any) -> Rule:
    """A rule as a module would declare it."""
    import sys
    import types

    module = types.ModuleType(f"tests.pack.{name}")
    module.__doc__ = DOC
    sys.modules[module.__name__] = module
    function.__module__ = module.__name__
    defaults: dict[str, Any] = {"about": Subject.HOST, "severity": Severity.ERROR, "goals": AMD_SEV}
    return rule(**{**defaults, **keywords})(function)


class Shelf(plugins.Shelf):
    """The built-in parsers and combiners, and only these rules."""

    def __init__(self, *rules: Rule) -> None:
        super().__init__(plugins.manager(third_party=False))
        self._mine = rules

    def rules(self, subjects: frozenset[Subject]) -> list[Rule]:
        return list(self._mine)

    def catalogue(self, subjects: frozenset[Subject]) -> list[Rule]:
        return []


HOST = {"proc/cmdline": "ro quiet\n", "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: svm sev\n"}
XML = "<domain type='kvm'{}><name>{}</name><launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity></domain>"


def ran(rules: Sequence[Rule], files: dict[str, Any], *goals: str) -> Ran:
    return run({"files": files, "goals": list(goals)}, Shelf(*rules))


def kinds(result: Ran) -> list[tuple[str, str]]:
    return [(one.rule, one.verdict) for one in result.said]


def test_missing_evidence_is_open_and_says_what_to_collect() -> None:
    def judge(parameters: SevParameters) -> Verdict:
        return Pass("ok", HERE)

    result = ran([made(judge, "needs_parameters")], HOST, "sev")
    assert kinds(result) == [("needs-parameters", "open")]
    assert result.report.collect[0].evidence == "sys/module/kvm_amd/parameters/*"


def test_optional_and_gap_parameters() -> None:
    def optional(parameters: SevParameters | None) -> Verdict:
        return Pass("ok", HERE) if parameters is None else Open("no")

    def gap(parameters: SevParameters | Gap) -> Verdict:
        return Fail("gap", HERE) if isinstance(parameters, Gap) else Open("no")

    result = ran([made(optional, "optional"), made(gap, "gap")], HOST)
    assert kinds(result) == [("optional", "pass"), ("gap", "fail")]


def test_a_pass_on_damage_becomes_open() -> None:
    def judge(domains: tuple[Domain, ...]) -> Verdict:
        return Pass(f"{len(domains)} domains", HERE)

    whole = {**HOST, "etc/libvirt/qemu/a.xml": XML.format("", "a")}
    cut = {**whole, "etc/libvirt/qemu/b.xml": XML.format("", "b")[:60]}
    assert kinds(ran([made(judge, "counts")], whole)) == [("counts", "pass")]
    assert kinds(ran([made(judge, "counts")], cut)) == [("counts", "open")]


def test_a_rule_that_raises_is_a_fault_and_the_others_run() -> None:
    def bad(cmdline: KernelCmdline) -> Verdict:
        raise KeyError("boom")

    def good(cmdline: KernelCmdline) -> Verdict:
        return Pass("ok", (cmdline.place,))

    result = ran([made(bad, "bad"), made(good, "good")], HOST)
    assert kinds(result) == [("bad", "open"), ("good", "pass")]
    assert [fault.where for fault in result.report.faults] == ["rule bad"]


def test_goals_decide_what_is_raised_and_never_the_verdict() -> None:
    def judge(cmdline: KernelCmdline) -> Verdict:
        return Fail("bad", (cmdline.place,))

    one = made(judge, "snp_only", goals={Goal.SEV_SNP})
    for goals, raised in (((), 0), (("sev",), 0), (("sev-snp",), 1)):
        result = ran([one], HOST, *goals)
        assert kinds(result) == [("snp-only", "fail")]
        assert len(result.report.findings) == raised


def test_a_domain_is_judged_once_for_each_view_and_equal_outcomes_merge() -> None:
    def judge(domain: Domain) -> Verdict:
        return Fail("bad", (domain.place,))

    live = "<domstatus state='running'>" + XML.format(" id='3'", "a") + "</domstatus>"
    files = {**HOST, "etc/libvirt/qemu/a.xml": XML.format("", "a"), "run/libvirt/qemu/a.xml": live}
    result = ran([made(judge, "of_domain", about=Subject.DOMAIN)], files)
    assert kinds(result) == [("of-domain", "fail")]
    assert result.report.findings[0].views == (View.AT_REST, View.LIVE)


def test_one_rule_for_each_goal_and_severity_by_goal() -> None:
    def judge(cmdline: KernelCmdline, goal: Goal) -> Verdict:
        return Fail("bad", (cmdline.place,)) if goal is not Goal.SEV else Pass("ok", (cmdline.place,))

    severity = {Goal.SEV: Severity.ERROR, Goal.SEV_ES: Severity.NOTE, Goal.SEV_SNP: Severity.WARNING}
    one = made(judge, "by_goal", severity=severity)
    assert [f.severity for f in ran([one], HOST, "sev-es").report.findings] == [Severity.NOTE]
    both = ran([one], HOST, "sev-es", "sev-snp").report.findings
    assert [f.severity for f in both] == [Severity.WARNING]
    assert ran([one], HOST, "sev").report.findings == ()


def failing(name: str, goals: Any = AMD_SEV, **keywords: Any) -> Rule:
    def judge(cmdline: KernelCmdline) -> Verdict:
        return Fail(name, (cmdline.place,))

    return made(judge, name, goals=goals, **keywords)


def tops(result: Ran) -> list[str]:
    return [one.rule for one in result.report.findings if not one.cause]


def test_a_symptom_folds_under_the_lowest_broken_rung() -> None:
    rules = [
        failing("symptom", symptom=True, rung=AmdRung.KVM),
        failing("higher", rung=AmdRung.IOMMU),
        failing("lower", rung=AmdRung.SMEE),
    ]
    result = ran(rules, HOST, "sev")
    assert tops(result) == ["lower", "higher"]
    assert result.report.findings[0].explains == ("symptom/bundle",)


def test_a_cause_that_blocks_less_explains_nothing() -> None:
    rules = [
        failing("symptom", symptom=True, rung=AmdRung.KVM),
        failing("cause", goals={Goal.SEV_SNP}, rung=AmdRung.IOMMU),
    ]
    assert sorted(tops(ran(rules, HOST, "sev", "sev-snp"))) == ["cause", "symptom"]


def test_a_cause_of_low_confidence_explains_nothing() -> None:
    rules = [
        failing("symptom", symptom=True, rung=AmdRung.KVM),
        failing("cause", rung=AmdRung.SMEE, confidence=Confidence.LOW),
    ]
    assert sorted(tops(ran(rules, HOST, "sev"))) == ["cause", "symptom"]


def test_a_cause_takes_the_highest_severity_that_it_explains() -> None:
    rules = [
        failing("symptom", symptom=True, rung=AmdRung.KVM),
        failing("cause", rung=AmdRung.SMEE, severity=Severity.NOTE),
    ]
    assert [f.severity for f in ran(rules, HOST, "sev").report.findings if not f.cause] == [Severity.ERROR]


def test_a_setting_never_folds() -> None:
    rules = [failing("one", rung=AmdRung.SMEE), failing("two", rung=AmdRung.KVM)]
    assert tops(ran(rules, HOST, "sev")) == ["one", "two"]


def test_because_of_ties_pairs_off_the_ladder() -> None:
    rules = [failing("cause"), failing("effect", because_of=("cause",))]
    assert tops(ran(rules, HOST, "sev")) == ["cause"]


class Nowhere(Fact, frozen=True):
    LEVEL = Level.HOST


def no_parameter_kind(x: int) -> Verdict:
    return Open("x")


def a_reading(x: ModuleParameter) -> Verdict:
    return Open("x")


def inward(x: GuestProtection) -> Verdict:
    return Open("x")


def outward_tuple(x: tuple[SevParameters, ...]) -> Verdict:
    return Open("x")


@pytest.mark.parametrize("function", [no_parameter_kind, a_reading, inward, outward_tuple])
def test_what_the_engine_cannot_supply_is_refused(function: Any) -> None:
    with pytest.raises(RuleDefinitionError, match="rule refused"):
        made(function, "refused")


def test_a_page_is_needed() -> None:
    import sys
    import types

    module = types.ModuleType("tests.pack.pageless")
    module.__doc__ = "Only a title."
    sys.modules[module.__name__] = module

    def judge(cmdline: KernelCmdline) -> Verdict:
        return Open("x")

    judge.__module__ = module.__name__
    with pytest.raises(RuleDefinitionError, match="Why, Fix and Refs"):
        rule(about=Subject.HOST, severity=Severity.ERROR, goals=AMD_SEV)(judge)


def test_a_verdict_needs_a_place() -> None:
    with pytest.raises(ValueError, match="place"):
        Pass("ok", ())
    with pytest.raises(ValueError, match="place"):
        Fail("bad", ())


def test_a_combiner_makes_a_fact() -> None:
    def wrong(cpu: Cpuinfo) -> int:
        return 1

    with pytest.raises(RuleDefinitionError, match="returns a fact"):
        combiner(wrong)


class Circle(Fact, frozen=True):
    LEVEL = Level.HOST


def test_facts_in_a_circle_are_refused_at_load(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        circle = combiner(_circle)

    shelf = plugins.Shelf(plugins.manager(third_party=False))
    monkeypatch.setattr(shelf, "_modules", lambda *_: [Module])
    with pytest.raises(RuleDefinitionError, match="Circle -> Circle"):
        shelf.registry(frozenset(Subject))


def _circle(one: Circle) -> Circle:
    return one


def test_a_fact_that_nothing_makes_is_refused_at_load() -> None:
    def judge(nowhere: Nowhere) -> Verdict:
        return Open("x")

    with pytest.raises(RuleDefinitionError, match="nothing makes Nowhere"):
        run({"files": HOST}, Shelf(made(judge, "asks_nowhere")))


def test_what_a_combiner_cannot_be_given_is_refused() -> None:
    def by_goal(goal: Goal) -> Nowhere:
        return Nowhere()

    def of_a_guest(protection: GuestProtection) -> AsidPools:
        raise AssertionError

    for function in (by_goal, of_a_guest):
        with pytest.raises(RuleDefinitionError):
            combiner(function)


def test_two_producers_of_one_fact_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = plugins.Shelf(plugins.manager(third_party=False))
    monkeypatch.setattr(shelf, "_modules", lambda *_: [_Twice])
    with pytest.raises(RuleDefinitionError, match="two producers"):
        shelf.registry(frozenset(Subject))


def _first(cpu: Cpuinfo) -> Nowhere:
    return Nowhere()


def _second(cpu: Cpuinfo) -> Nowhere:
    return Nowhere()


class _Twice:
    one = combiner(_first)
    two = combiner(_second)


def test_a_reading_is_marked() -> None:
    assert issubclass(ModuleParameter, Reading)

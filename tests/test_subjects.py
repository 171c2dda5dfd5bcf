"""Who is judged, with whose facts, for which goals: several inputs, guests, lent hosts, views, folding along chains."""

from __future__ import annotations

from typing import Any

import pytest

from sevlint import engine, plugins
from sevlint.api import (
    AMD_SEV,
    STRUCTURE,
    AmdRung,
    Confidence,
    Fail,
    Goal,
    NotApplicable,
    OnHost,
    Open,
    Pass,
    Place,
    Rule,
    Severity,
    Subject,
    TdxRung,
    Verdict,
    rule,
)
from sevlint.facts.cpu import Cpuinfo
from sevlint.facts.domain import Domain, DomainXml, RunningDomain
from sevlint.facts.kernel import KernelCmdline
from sevlint.facts.platform import OsRelease
from sevlint.model import Report, Settings
from sevlint.sources.bundle import BundleSource

HERE = (Place("x"),)
DOC = "A title.\n\nWhy    Why not.\nFix    Nothing.\nRefs   nobody\n"
HOST = {
    "proc/cmdline": "host quiet\n",
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: svm sev\n",
    "sys/class/dmi/id/product_name": "Server\n",
}
GUEST = {
    "sys/class/dmi/id/product_name": "Standard PC (Q35)\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "proc/cmdline": "guest quiet\n",
}


def xml(name: str, uuid: str = "", kind: str = "sev-snp", live: bool = False) -> str:
    launch = f"<launchSecurity type='{kind}'><policy>0x30000</policy></launchSecurity>" if kind else ""
    identity = f"<uuid>{uuid}</uuid>" if uuid else ""
    return f"<domain type='kvm'{' id=' + repr('4') if live else ''}><name>{name}</name>{identity}{launch}</domain>"


def made(function: Any, name: str, **keywords: Any) -> Rule:
    import sys
    import types

    module = types.ModuleType(f"tests.pack.{name}")
    module.__doc__ = DOC
    sys.modules[module.__name__] = module
    function.__module__ = module.__name__
    defaults: dict[str, Any] = {"about": Subject.HOST, "severity": Severity.ERROR, "goals": AMD_SEV}
    return rule(**{**defaults, **keywords})(function)


def failing(name: str, about: Subject = Subject.HOST, confidence: Confidence | None = None, **keywords: Any) -> Rule:
    if about is Subject.HOST:

        def judge(cmdline: KernelCmdline) -> Verdict:
            return Fail(f"{name} fails", (cmdline.place,), confidence=confidence)
    elif about is Subject.DOMAIN:

        def judge(domain: Domain) -> Verdict:  # type: ignore[misc]
            return Fail(f"{name} fails", (domain.place,), confidence=confidence)
    else:

        def judge(cmdline: KernelCmdline) -> Verdict:
            return Fail(f"{name} fails", (cmdline.place,), confidence=confidence)

    return made(judge, name.replace("-", "_"), about=about, **keywords)


def judged(rules: list[Rule], *inputs: engine.Input, **settings: Any) -> tuple[list[engine.Outcome], Report]:
    shelf = plugins.Shelf(plugins.manager(third_party=False))
    chosen = Settings(**settings)
    snapshot = engine.collect(list(inputs), shelf.registry(frozenset(Subject)), chosen)
    outcomes = engine.judge(rules, snapshot)
    infos = [one.info for one in rules]
    return outcomes, engine.report(outcomes, snapshot, chosen, rules=infos)


_count = iter(range(10_000))


def given(label: str, files: dict[str, Any], lent: bool = False, tie: str = "") -> engine.Input:
    source = BundleSource.of({"files": files}, label)
    source.number = _numbers[-1]
    _numbers[-1] += 1
    return engine.Input(source, lent, tie)


_numbers = [0]


@pytest.fixture(autouse=True)
def numbers() -> None:
    """Sources are numbered from 0 in each test, as app.py numbers them."""
    _numbers[-1] = 0


def folder(label: str, **files: str) -> engine.Input:
    """Domain XML outside any host."""
    from sevlint.sources.single import FileSource

    class Named(FileSource):
        def __init__(self) -> None:
            self.label, self.number, self.kind = label, _numbers[-1], "file"
            self.files, self.recognised, self.not_domains, self.damage = {}, {}, 0, ""

        def load(self, wanted: Any) -> None:
            from sevlint.sources.base import File

            for name, text in files.items():
                path = f"{name}.xml"
                self.files[path] = File(path, text.encode())
                self.recognised[path] = "domain.xml"

    one = engine.Input(Named())
    _numbers[-1] += 1
    return one


def tops(report: Report) -> list[str]:
    return [one.rule for one in report.findings if not one.cause]


# --- guests --------------------------------------------------------------------------------------------------------


def sees(cmdline: KernelCmdline, host: OnHost[KernelCmdline] | None) -> Verdict:
    return Pass(f"{cmdline.options.items[0].text} on {host.options.items[0].text if host else 'nothing'}", HERE)


def test_a_guest_sees_its_own_machine_and_the_host_only_when_asked() -> None:
    host = given("host", {**HOST, "etc/libvirt/qemu/vm1.xml": xml("vm1", "aa-1")})
    guest = given("other", {**GUEST, "sys/class/dmi/id/product_uuid": "AA-1\n"})
    outcomes, _ = judged([made(sees, "sees", about=Subject.GUEST)], host, guest)
    assert [one.verdict.because for one in outcomes] == ["guest on host"]


def test_a_guest_without_the_fact_never_takes_the_hosts() -> None:
    def needs(os: OsRelease) -> Verdict:
        return Pass("has it", HERE)

    host = given("host", {**HOST, "etc/os-release": "ID=fedora\n", "etc/libvirt/qemu/vm1.xml": xml("vm1", "aa-1")})
    guest = given("vm1", GUEST)
    outcomes, _ = judged([made(needs, "needs", about=Subject.GUEST)], host, guest)
    assert isinstance(outcomes[0].verdict, Open)


@pytest.mark.parametrize(
    ("label", "uuid", "tie", "expected"),
    [
        ("vm2", "aa-1", "", "vm1"),  # the uuid speaks louder than the file's name
        ("vm2", "", "", "vm2"),
        ("any", "aa-2", "", "vm2"),
        ("vm2", "aa-2", "vm1", "vm1"),  # and --guest louder than both
        ("any", "", "", ""),
    ],
)
def test_a_guest_is_tied(label: str, uuid: str, tie: str, expected: str) -> None:
    host = given(
        "host",
        {**HOST, "etc/libvirt/qemu/vm1.xml": xml("vm1", "aa-1"), "etc/libvirt/qemu/vm2.xml": xml("vm2", "aa-2")},
    )
    files = {**GUEST, **({"sys/class/dmi/id/product_uuid": uuid + "\n"} if uuid else {})}
    _, report = judged([failing("in-guest", Subject.GUEST)], host, given(label, files, tie=tie), goals=(Goal.SEV_SNP,))
    found = next(one for one in report.findings if one.rule == "in-guest")
    assert found.domain == expected


def test_a_guest_tied_to_nothing_is_said() -> None:
    _, report = judged([], given("host", HOST), given("g", GUEST, tie="vm9"))
    assert "vm9" in report.errors[0]


def test_a_guest_has_its_domains_goal_and_what_it_proves() -> None:
    rules = [failing("in-guest", Subject.GUEST)]
    _, tied = judged(rules, given("host", {**HOST, "etc/libvirt/qemu/vm1.xml": xml("vm1")}), given("vm1", GUEST))
    assert next(one for one in tied.findings if one.rule == "in-guest").goals == (Goal.SEV_SNP,)
    _numbers[-1] = 0
    log = "[    0.000000] Linux version 6.6.0 (b@h) (gcc)\n[    0.1] x\n[    0.200000] Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP\n"
    _, alone = judged(rules, given("g", {"cmd/dmesg": log, "proc/cmdline": "guest\n"}))
    assert alone.findings[0].goals == (Goal.SEV_SNP,)


# --- inputs and goals ----------------------------------------------------------------------------------------------


def test_domains_of_two_inputs_with_one_name_are_two() -> None:
    rules = [failing("bad", Subject.DOMAIN)]
    _, report = judged(rules, folder("a", vm=xml("vm")), folder("b", vm=xml("vm", kind="")))
    assert len(report.findings) == 1
    _numbers[-1] = 0
    _, report = judged(rules, folder("a", vm=xml("vm")), folder("b", vm=xml("vm")))
    assert len({one.key for one in report.findings}) == 2


def test_a_named_goal_is_for_what_was_named() -> None:
    rules = [failing("bad", Subject.DOMAIN), failing("host-bad")]
    _, inside = judged(
        rules, given("host", {**HOST, "etc/libvirt/qemu/p.xml": xml("p", kind="")}), goals=(Goal.SEV_SNP,)
    )
    assert tops(inside) == ["host-bad"]
    _numbers[-1] = 0
    _, named = judged(rules, folder("p", p=xml("p", kind="")), goals=(Goal.SEV_SNP,))
    assert tops(named) == ["bad"]


def test_an_unclear_domain_makes_its_host_unclear() -> None:
    typo = "<domain type='kvm'><name>a</name><LaunchSecurity type='sev'/></domain>"
    rules = [failing("structure", goals=STRUCTURE), failing("other")]
    _, report = judged(rules, given("host", {**HOST, "etc/libvirt/qemu/a.xml": typo}))
    assert tops(report) == ["structure"]


def test_hosts_of_one_name_are_told_apart() -> None:
    rules = [failing("bad")]
    _, report = judged(rules, given("a/node", HOST), given("b/node", HOST), goals=(Goal.SEV,))
    assert [one.host for one in report.findings] == ["a/node", "b/node"]


def test_masked_names_are_told_apart_by_uuid() -> None:
    def count(domains: tuple[Domain, ...]) -> Verdict:
        return Pass(f"{len(domains)} domains", HERE)

    files = {"etc/libvirt/qemu/a.xml": xml("vm", "aa-1"), "etc/libvirt/qemu/b.xml": xml("vm", "aa-2")}
    files["run/libvirt/qemu/a.xml"] = xml("vm", "aa-1", live=True)
    outcomes, _ = judged([made(count, "count")], given("host", {**HOST, **files}))
    assert outcomes[0].verdict.because == "2 domains"


def test_a_log_and_xml_named_together_are_one_domain() -> None:
    log = "2026-01-20 08:03:55.117+0000: starting up libvirt version: 10.6.0, qemu version: 9.1.3, kernel: 6.11.11, hostname: h\n2026-01-20 08:03:56.117+0000: shutting down, reason=failed\n"
    shelf = plugins.Shelf(plugins.manager(third_party=False))
    from sevlint.sources.single import FileSource

    class Log(FileSource):
        def __init__(self) -> None:
            self.label, self.number, self.kind = "vm1.log", 1, "file"
            self.files, self.recognised, self.not_domains, self.damage = {}, {}, 0, ""
            self.recognised["vm1.log"] = "var/log/libvirt/qemu/{domain}.log"

        def load(self, wanted: Any) -> None:
            from sevlint.model import Completeness

            wanted.on_log("vm1.log", iter((log.encode(),)), Completeness.WHOLE)

    inputs = [folder("vm1", vm1=xml("vm1")), engine.Input(Log())]
    settings = Settings()
    snapshot = engine.collect(inputs, shelf.registry(frozenset(Subject)), settings)
    assert len(snapshot.domains) == 1
    rules = [one for one in shelf.rules(frozenset(Subject)) if one.info.id == "domain-start-failed"]
    assert isinstance(engine.judge(rules, snapshot)[0].verdict, Fail)


def test_a_log_of_a_domain_that_is_gone_is_no_subject() -> None:
    log = "2026-01-20 08:03:55.117+0000: starting up libvirt version: 10.6.0, qemu version: 9.1.3, kernel: 6.11.11, hostname: h\n"
    files = {**HOST, "etc/libvirt/qemu/a.xml": xml("a"), "var/log/libvirt/qemu/old.log": log}
    outcomes, _ = judged([failing("bad", Subject.DOMAIN)], given("host", files))
    assert [one.node.name for one in outcomes] == ["a"]
    _numbers[-1] = 0
    only = {**HOST, "var/log/libvirt/qemu/old.log": log.replace("starting", "starting")}
    shelf = plugins.Shelf(plugins.manager(third_party=False))
    snapshot = engine.collect([given("host", only)], shelf.registry(frozenset(Subject)), Settings())
    assert [node.name for node in snapshot.domains] == ["old"]


# --- views ---------------------------------------------------------------------------------------------------------


def test_views_are_judged_each_and_equal_outcomes_merged() -> None:
    files = {"etc/libvirt/qemu/a.xml": xml("a"), "run/libvirt/qemu/a.xml": xml("a", live=True)}
    _, report = judged([failing("bad", Subject.DOMAIN)], given("host", {**HOST, **files}))
    assert [view.value for view in report.findings[0].views] == ["at rest", "live"]
    assert len(report.findings) == 1


def test_two_equal_faults_in_two_views_stay_two() -> None:
    def twice(domain: Domain) -> list[Fail]:
        return [Fail("bad", (domain.place,)), Fail("bad", (domain.place,))]

    files = {"etc/libvirt/qemu/a.xml": xml("a"), "run/libvirt/qemu/a.xml": xml("a", live=True)}
    _, report = judged([made(twice, "twice", about=Subject.DOMAIN)], given("host", {**HOST, **files}))
    assert [[view.value for view in one.views] for one in report.findings] == [["at rest", "live"]] * 2


def test_the_running_domain_is_its_live_view() -> None:
    def compare(domain: Domain, running: RunningDomain) -> Verdict:
        return Pass(f"{domain.view.value} beside {running.view.value}", HERE)

    rules = [made(compare, "compare", about=Subject.DOMAIN)]
    files = {"etc/libvirt/qemu/a.xml": xml("a"), "run/libvirt/qemu/a.xml": xml("a", live=True)}
    outcomes, _ = judged(rules, given("host", {**HOST, **files}))
    assert [one.verdict.because for one in outcomes] == ["at rest beside live", "live beside live"]
    _numbers[-1] = 0
    outcomes, _ = judged(rules, given("host", {**HOST, "etc/libvirt/qemu/a.xml": xml("a")}))
    assert isinstance(outcomes[0].verdict, NotApplicable)


# --- folding along chains --------------------------------------------------------------------------------------------


def test_a_guests_symptom_folds_under_its_hosts_cause() -> None:
    rules = [
        failing("rung", rung=AmdRung.IOMMU),
        failing("seen-in-guest", Subject.GUEST, rung=AmdRung.GUEST, symptom=True),
    ]
    _, report = judged(rules, given("host", {**HOST, "etc/libvirt/qemu/vm1.xml": xml("vm1")}), given("vm1", GUEST))
    assert tops(report) == ["rung"]


def test_nothing_folds_across_hosts_or_domains() -> None:
    rules = [failing("cause", Subject.DOMAIN, rung=AmdRung.DOMAIN), failing("effect", rung=AmdRung.KVM, symptom=True)]
    _, report = judged(rules, given("a", {**HOST, "etc/libvirt/qemu/vm1.xml": xml("vm1")}))
    assert set(tops(report)) == {"cause", "effect"}
    rules = [failing("low", rung=AmdRung.CPU), failing("high", rung=AmdRung.KVM, symptom=True)]
    _numbers[-1] = 0

    def only_on_a(cmdline: KernelCmdline, cpu: Cpuinfo | None) -> Verdict:
        return Fail("low fails", (cmdline.place,)) if cpu else NotApplicable("no")

    rules[0] = made(only_on_a, "low", rung=AmdRung.CPU)
    bare = {name: text for name, text in HOST.items() if name != "proc/cpuinfo"}
    _, report = judged(rules, given("a", HOST), given("b", bare), goals=(Goal.SEV,))
    assert [(one.rule, one.host) for one in report.findings if not one.cause] == [("low", "a"), ("high", "b")]


@pytest.mark.parametrize(
    ("cause", "effect", "folds"),
    [
        ({"rung": AmdRung.IOMMU}, {"rung": AmdRung.KVM}, True),
        ({"rung": AmdRung.KVM}, {"rung": AmdRung.KVM}, False),
        ({"rung": AmdRung.KVM}, {"rung": AmdRung.IOMMU}, False),
        ({"rung": AmdRung.IOMMU, "goals": {Goal.SEV_SNP}}, {"rung": AmdRung.KVM}, False),
        ({"rung": AmdRung.IOMMU, "goals": {Goal.TDX}}, {"rung": AmdRung.KVM, "goals": {Goal.SEV}}, False),
        ({"rung": AmdRung.KERNEL_OPTIONS, "goals": {Goal.TDX}}, {"rung": TdxRung.KVM_ASKED, "goals": {Goal.TDX}}, True),
        ({"rung": AmdRung.RMP, "goals": {Goal.TDX}}, {"rung": TdxRung.KVM_ASKED, "goals": {Goal.TDX}}, False),
        ({"rung": AmdRung.IOMMU, "confidence": Confidence.LOW}, {"rung": AmdRung.KVM}, False),
    ],
)
def test_what_folds(cause: dict[str, Any], effect: dict[str, Any], folds: bool) -> None:
    rules = [failing("cause", **cause), failing("effect", symptom=True, **effect)]
    _, report = judged(rules, given("h", HOST), goals=(Goal.SEV, Goal.SEV_SNP, Goal.TDX))
    by_rule = {one.rule: one for one in report.findings}
    assert (by_rule["effect"].cause == by_rule["cause"].key) is folds
    assert by_rule["cause"].explains == ((by_rule["effect"].key,) if folds else ())


def test_symptoms_fold_under_symptoms_that_they_name_and_flat() -> None:
    rules = [
        failing("sev", rung=AmdRung.KVM, symptom=True),
        failing("es", rung=AmdRung.KVM, symptom=True, because_of=("sev",)),
        failing("snp", rung=AmdRung.KVM, symptom=True, because_of=("es",)),
    ]
    _, report = judged(rules, given("h", HOST), goals=(Goal.SEV,))
    assert tops(report) == ["sev"]
    assert {one.cause for one in report.findings if one.cause} == {report.findings[0].key}


def test_a_circle_of_reasons_hides_nothing() -> None:
    rules = [failing("aa", because_of=("bb",)), failing("bb", because_of=("aa",))]
    _, report = judged(rules, given("h", HOST), goals=(Goal.SEV,))
    assert len(tops(report)) == 1


def test_a_cause_below_the_confidence_asked_unfolds_what_it_explains() -> None:
    rules = [
        failing("cause", rung=AmdRung.CPU, confidence=Confidence.MEDIUM),
        failing("effect", rung=AmdRung.KVM, symptom=True),
    ]
    _, report = judged(rules, given("h", HOST), goals=(Goal.SEV,), min_confidence=Confidence.HIGH)
    assert tops(report) == ["effect"]
    assert report.hidden == (("below --min-confidence", 1),)


def test_a_fail_may_lower_and_never_raise() -> None:
    rules = [failing("one", Subject.HOST, Confidence.HIGH, severity=Severity.WARNING)]
    object.__setattr__(rules[0].info, "confidence", Confidence.LOW) if False else None
    lowered = failing("two", Subject.HOST, Confidence.LOW)

    def raises(cmdline: KernelCmdline) -> Verdict:
        return Fail("x", (cmdline.place,), severity=Severity.ERROR, confidence=Confidence.HIGH)

    cautious = made(raises, "cautious", severity=Severity.NOTE, confidence=Confidence.LOW)
    _, report = judged([*rules, lowered, cautious], given("h", HOST), goals=(Goal.SEV,))
    by_rule = {one.rule: (one.severity, one.confidence) for one in report.findings}
    assert by_rule["two"] == (Severity.ERROR, Confidence.LOW)
    assert by_rule["cautious"] == (Severity.NOTE, Confidence.LOW)


# --- lent hosts ------------------------------------------------------------------------------------------------------


def test_a_lent_hosts_failure_shows_as_the_cause() -> None:
    rules = [failing("rung", rung=AmdRung.IOMMU), failing("cannot", Subject.DOMAIN, rung=AmdRung.DOMAIN, symptom=True)]
    _, report = judged(rules, folder("vm", vm=xml("vm")), given("h", HOST, lent=True))
    assert [one.rule for one in report.findings] == ["cannot"]
    assert report.findings[0].lent_cause[0].startswith("rung: ")


def test_a_lent_hosts_broken_rung_is_shown_where_no_symptom_could_be_judged() -> None:
    rules = [failing("rung", rung=AmdRung.IOMMU), failing("setting")]
    _, report = judged(rules, folder("vm", vm=xml("vm")), given("h", HOST, lent=True))
    assert tops(report) == ["rung"]


# --- guards -----------------------------------------------------------------------------------------------------------


def test_a_gap_in_a_tuple_is_damage() -> None:
    def count(domains: tuple[DomainXml, ...]) -> Verdict:
        return Pass(f"{len(domains)} domains", HERE)

    files = {**HOST, "etc/libvirt/qemu/a.xml": xml("a"), "etc/libvirt/qemu/b.xml": {"unreadable": True}}
    outcomes, _ = judged([made(count, "count")], given("h", files))
    assert isinstance(outcomes[0].verdict, Open)


@pytest.mark.parametrize("said", [None, "pass", [], [Pass("x", HERE)], 3])
def test_a_rule_that_says_nothing_sensible_is_a_fault(said: Any) -> None:
    def judge(cmdline: KernelCmdline) -> Verdict:
        return said  # type: ignore[no-any-return]

    outcomes, report = judged([made(judge, "silent")], given("h", HOST), goals=(Goal.SEV,))
    assert isinstance(outcomes[0].verdict, Open)
    assert "silent" in report.faults[0].where


def test_every_missing_fact_is_asked_for() -> None:
    def judge(os: OsRelease, cpu: Cpuinfo) -> Verdict:
        return Pass("x", HERE)

    outcomes, _ = judged([made(judge, "asks")], given("h", {"proc/cmdline": "x\n"}))
    verdict = outcomes[0].verdict
    assert isinstance(verdict, Open)
    assert set(verdict.wanted) == {"etc/os-release", "proc/cpuinfo"}


def test_what_an_rmp_table_covers() -> None:
    """16 bytes for each 4 KiB page behind 16 KiB of bookkeeping (amd-host 5.3, 10)."""
    from sevlint.facts.amd import RmpTable

    log = (
        "[    0.000000] Linux version 6.11.11 (b@h) (gcc)\n"
        "[    0.000000] SEV-SNP: RMP table physical range [0x0000000088900000 - 0x00000000a8efffff]\n"
        "[    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000203f5fffff] usable\n"
    )
    shelf = plugins.Shelf(plugins.manager(third_party=False))
    snapshot = engine.collect([given("h", {"cmd/dmesg": log})], shelf.registry(frozenset(Subject)), Settings())
    table = snapshot.get(snapshot.hosts[0], RmpTable)
    assert table is not None
    assert (table.covers, table.ram_end) == (0x205FC00000, 0x203F600000)

"""`sevlint ready`: what each whole host can run, and that less evidence never makes a host ready."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from msgspec import structs

from sevlint import app, engine, plugins
from sevlint.engine.readiness import state_of
from sevlint.model import Fail, Goal, GoalReadiness, Place, ReadinessReport, Settings, State, Subject
from sevlint.reporters import json as json_reporter
from sevlint.sources.bundle import BundleSource

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
SHELF = plugins.Shelf(plugins.manager(third_party=False))
GOALS = (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)

WHOLE = {
    "naples-sev": ("15 of 15", "cpu", "cpu"),
    "rome-seves": ("410 of 410", "98 of 99", "cpu"),
    "milan-snp": ("410 of 410", "99 of 99", "99 of 99"),
    "genoa-snp": ("907 of 907", "98 of 99", "98 of 99"),
    "iommu-passthrough": ("410 of 410", "99 of 99", "iommu"),
    "iommu-off": ("410 of 410", "99 of 99", "iommu"),
    "rmp-missing": ("410 of 410", "99 of 99", "rmp"),
    "snp-support-off": ("410 of 410", "99 of 99", "snp-support"),
    "asid-split-missing": ("509 of 509", "asid-split", "asid-split"),
    "asid-overcommit": ("1005 of 1005", "0 of 1", "0 of 1"),
    "smee-off": ("smee", "smee", "smee"),
    "kernel-too-old": ("410 of 410", "99 of 99", "kernel-options"),
    "cgroup-allows-none": ("4 of 410", "device", "device"),
    "old-qemu": ("410 of 410", "99 of 99", "stack"),
    "ordinary-intel": ("cpu", "cpu", "cpu"),
}


@cache
def content(name: str) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((HOSTS / name).read_text())
    return made


def merged(path: Path) -> dict[str, Any]:
    """The files of a host, with those of the host that it is made from."""
    made = content(path.name)
    below = content(Path(made["from"]).name)["files"] if "from" in made else {}
    return {name: entry for name, entry in {**below, **made["files"]}.items() if entry is not None}


def ready(*paths: Path) -> ReadinessReport:
    options = app.CheckOptions(tuple(map(str, paths)), Settings(goals=GOALS), isolated=True)
    return app.ready(options, SHELF)


def state(one: Any) -> str:
    return f"{one.left} of {one.limit}" if one.state.value == "ready" else one.rung or one.state.value


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_host_is_ready_or_blocked_at_its_rung(name: str) -> None:
    report = ready(HOSTS / f"{name}.yaml")
    (host,) = report.hosts
    assert tuple(state(one) for one in host.goals) == WHOLE[name]
    for one in host.goals:
        assert bool(one.findings) == (one.state.value == "blocked")
        assert {finding.rule for finding in one.findings} <= set(one.rules)
    has_room = all(one.state.value == "ready" and one.left for one in host.goals)
    assert report.exit_code == (0 if has_room else 1)


REGISTRY = SHELF.registry(frozenset(Subject))
CARDS = SHELF.card_infos()
ON_A_LADDER = [one for one in SHELF.rules(frozenset({Subject.HOST})) if one.info.rungs]
CATALOGUE = SHELF.catalogue(frozenset({Subject.HOST}))


def states(files: dict[str, Any]) -> Iterator[tuple[GoalReadiness, list[Place]]]:
    """Each goal of the bundle's host, and the places of what fails."""
    snapshot = engine.collect([engine.Input(BundleSource.of({"files": files}))], REGISTRY, Settings(goals=GOALS))
    outcomes = engine.judge([*ON_A_LADDER, *CATALOGUE], snapshot)
    seen = [place for one in outcomes if isinstance(one.verdict, Fail) for place in one.seen]
    for node in snapshot.hosts:
        for goal in GOALS:
            yield state_of(outcomes, node, goal, CARDS), seen


@pytest.mark.parametrize("path", sorted(HOSTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_less_evidence_never_makes_a_host_ready(path: Path) -> None:
    """Every file taken away, and every file that proves a failure made unreadable."""
    files = merged(path)
    whole = list(states(files))
    blocked = {one.goal for one, _ in whole if one.state is State.BLOCKED}
    proofs = {place.path for _, seen in whole for place in seen}
    for file in files if blocked else ():
        rest = {name: entry for name, entry in files.items() if name != file}
        less = [rest, {**rest, file: {"unreadable": True}}] if file in proofs else [rest]
        for bundle in less:
            now = {one.goal for one, _ in states(bundle) if one.state is State.READY}
            assert not now & blocked, file


def test_guests_of_every_vmm_count_and_disputed_numbers_do_not(tmp_path: Path) -> None:
    files = merged(HOSTS / "milan-snp.yaml")
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": {**files, "sys/fs/cgroup/misc.current": "sev 5\nsev_es 99\n"}}))
    (host,) = ready(bundle).hosts
    assert [state(one) for one in host.goals] == ["405 of 410", "0 of 99", "0 of 99"]
    bundle.write_text(yaml.safe_dump({"files": {**files, "sys/fs/cgroup/misc.capacity": "sev 478\nsev_es 31\n"}}))
    (host,) = ready(bundle).hosts
    assert [one.left for one in host.goals] == [None] * 3


def test_nothing_is_left_over_where_nobody_counted(tmp_path: Path) -> None:
    files = without("milan-snp", "misc.current")
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": files}))
    report = ready(bundle)
    assert [(one.state, one.left, one.limit) for one in report.hosts[0].goals] == [
        (State.READY, None, 410),
        (State.READY, None, 99),
        (State.READY, None, 99),
    ]
    assert report.exit_code == 0
    text = " ".join(app.readiness_text(report, "text").split())
    assert " left" not in text
    assert "SEV-SNP ready; 99 ASIDs, shared with SEV-ES: how many are taken was not collected" in text
    assert text.count("(sys/fs/cgroup/misc.current)") == 3


@pytest.mark.parametrize(
    ("granted", "taken", "states"),
    [
        ("99", "", ["410 of 410", "kernel-options", "99 of 99"]),
        ("31", "", ["410 of 410", "68 of 68", "31 of 31"]),
        # misc.current has one key for both: whose these are is not known
        ("31", "sev_es 7", ["410 of 410", "None of 68", "None of 31"]),
    ],
)
def test_what_ciphertext_hiding_was_granted_wins_over_an_earlier_line(
    granted: str, taken: str, states: list[str], tmp_path: Path
) -> None:
    more = {
        "sys/module/kvm_amd/parameters/ciphertext_hiding_asids": f"{granted}\n",
        "sys/fs/cgroup/misc.current": f"sev 0\n{taken}\n",
    }
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": {**merged(HOSTS / "milan-snp.yaml"), **more}}))
    report = ready(bundle)
    assert [state(one) for one in report.hosts[0].goals] == states
    assert "shared with" not in app.readiness_text(report, "text")


SLICE = "sys/fs/cgroup/machine.slice/"


@pytest.mark.parametrize(
    ("files", "left", "allows"),
    [
        ({"misc.max": "sev max\nsev_es 20\n", "misc.current": "sev_es 5\n"}, [410, 15, 15], [None, 20, 20]),
        ({"misc.max": "sev 3\nsev_es 2\n", "misc.current": "sev_es 2\n"}, [3, 0, 0], [3, 2, 2]),
        # what its guests have was not collected: all that is taken may be theirs
        ({"misc.max": "sev max\nsev_es 20\n"}, [410, 13, 13], [None, 20, 20]),
        # above the capacity, which alone limits them
        ({"misc.max": "sev 2000\nsev_es 2000\n", "misc.current": "sev_es 5\n"}, [410, 92, 92], [None] * 3),
        # of one guest's own cgroup
        ({"misc.max": "sev max\n", "machine-qemu-1-vm1.scope/misc.max": "sev_es 1\n"}, [410, 92, 92], [None] * 3),
    ],
)
def test_a_cgroup_that_leaves_fewer_is_named(
    files: dict[str, str], left: list[int], allows: list[int | None], tmp_path: Path
) -> None:
    events = {"misc.events": "sev.max 0\nsev_es.max 0\n"}
    slices = {f"{SLICE}{name}": text for name, text in {**events, **files}.items()}
    whole = {**merged(HOSTS / "milan-snp.yaml"), "sys/fs/cgroup/misc.current": "sev_es 7\n", **slices}
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": whole}))
    report = ready(bundle)
    (host,) = report.hosts
    assert [one.left for one in host.goals] == left
    assert [one.cgroup.allows if one.cgroup else None for one in host.goals] == allows
    assert {one.cgroup.file for one in host.goals if one.cgroup} <= {f"{SLICE}misc.max"}
    words = " ".join(app.readiness_text(report, "text").split())
    assert ("machine.slice/misc.max allows 20, and 5 are taken" in words) == (left[1] == 15)
    assert ("SEV-SNP ready, but full: 0 of 99 ASIDs left, shared with SEV-ES: sys/" in words) == (left[2] == 0)


def test_a_limit_that_was_not_collected_may_have_refused_a_launch() -> None:
    """QEMU's EBUSY stays in the log of the VM when the limit's file is gone."""
    files = without("cgroup-allows-none", "machine.slice")
    found = [one for one, _ in states(files)]
    assert [one.state for one in found] == [State.READY, State.UNKNOWN, State.UNKNOWN]
    assert found[2].rules == ("asid-cgroup-limit",)
    assert "EBUSY" in found[2].because


def test_what_is_not_known_names_what_to_collect(tmp_path: Path) -> None:
    files = merged(HOSTS / "milan-snp.yaml")
    kept = {path: files[path] for path in ("proc/cpuinfo", "proc/cmdline", "cmd/uname")}
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": kept}))
    (host,) = ready(bundle).hosts
    assert [one.state.value for one in host.goals] == ["unknown"] * 3
    assert all(one.because and one.rules and one.collect for one in host.goals)


def without(name: str, *words: str) -> dict[str, Any]:
    """The files of a host whose path holds none of these words."""
    files = merged(HOSTS / f"{name}.yaml")
    return {path: entry for path, entry in files.items() if not any(word in path for word in words)}


def test_kvm_says_yes_to_snp_before_it_asks_the_firmware(tmp_path: Path) -> None:
    files = merged(HOSTS / "milan-snp.yaml")
    line = "[ 5120.252118] ccp 0000:47:00.1: SEV API:1.55 build:39\n"
    without_snp = "".join(one for one in files["cmd/dmesg"].splitlines(True) if "SEV-SNP API" not in one)
    bundle = tmp_path / "host.yaml"
    for log in (without_snp, files["cmd/dmesg"] + line):
        bundle.write_text(yaml.safe_dump({"files": {**files, "cmd/dmesg": log}}))
        *others, snp = ready(bundle).hosts[0].goals
        assert [one.state for one in others] == [State.READY] * 2
        assert (snp.state, snp.rules) == (State.UNKNOWN, ("snp-parameter-off",))
        assert "SEV-SNP API" in snp.because
    running = files["etc/libvirt/qemu/vault-01.xml"].replace("<domain type", "<domain id='4' type")
    live = f"<domstatus state='running' pid='4242'>\n{running}</domstatus>\n"
    bundle.write_text(
        yaml.safe_dump({"files": {**files, "cmd/dmesg": without_snp, "run/libvirt/qemu/vault-01.xml": live}})
    )
    assert state(ready(bundle).hosts[0].goals[2]) == "98 of 99"


def test_a_broken_domain_takes_nothing_from_kvms_decision() -> None:
    """What KVM decided does not stand on the XML of any VM at rest."""
    broken = {"etc/libvirt/qemu/broken.xml": "<domain type='kvm'><name>broken</name><launchSecurity type='sev-snp'>"}
    for one, _ in states({**merged(HOSTS / "milan-snp.yaml"), **broken}):
        assert not {"sev-parameter-off", "sev-es-parameter-off", "snp-parameter-off"} & set(one.rules)


def test_what_to_collect_is_said_once_and_for_whom(tmp_path: Path) -> None:
    bundle = tmp_path / "host.yaml"
    few = without("milan-snp", "sys/", "cmd/dmesg", "cmd/rpm", "cmd/virsh", "libvirt", "dev/", "proc/modules")
    bundle.write_text(yaml.safe_dump({"files": few}))
    report = ready(bundle)
    text = app.readiness_text(report, "text")
    assert "\n  collect, in this order:\n    dmesg or " in text
    assert text.count("sys/module/kvm_amd/parameters/*") == 1
    host = report.hosts[0]
    first = structs.replace(host.goals[0], collect=host.goals[0].collect[1:])
    fewer = structs.replace(report, hosts=(structs.replace(host, goals=(first, *host.goals[1:])),))
    dropped = host.goals[0].collect[0].shown
    assert f"    {dropped} (for SEV-ES, SEV-SNP)\n" in app.readiness_text(fewer, "text")
    assert text.count(" unknown: ") == 1
    for one in report.hosts[0].goals:  # each goal's own, in its order
        lines = [text.index(f"    {wanted.shown}") for wanted in one.collect]
        assert lines == sorted(lines)
        assert lines
    bundle.write_text(yaml.safe_dump({"files": without("iommu-passthrough", "cmd/dmesg", "parameters/sev_snp")}))
    text = app.readiness_text(ready(bundle), "text")
    assert "SEV-SNP  blocked at iommu" in text
    assert "\n  for SEV, SEV-ES collect, in this order:\n" in text


@pytest.mark.parametrize(
    "files",
    [
        without("milan-snp"),
        without("milan-snp", "cmd/dmesg"),
        without("iommu-passthrough"),
        {**without("milan-snp"), f"{SLICE}misc.max": "sev 4\n", f"{SLICE}misc.events": "sev.max 0\n"},
    ],
    ids=["ready", "unknown", "blocked", "cgroup"],
)
def test_json_is_lossless_and_fits_its_schema(files: dict[str, Any], tmp_path: Path) -> None:
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": files}))
    report = ready(bundle)
    written = app.readiness_text(report, "json")
    assert msgspec.json.decode(written, type=ReadinessReport) == report
    jsonschema.Draft202012Validator(json.loads(json_reporter.ready_schema())).validate(json.loads(written))


def test_a_host_of_unknown_goal_says_what_it_could_run(tmp_path: Path) -> None:
    files = without("iommu-passthrough", "libvirt", "modprobe")
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": files}))
    done = app.check(app.CheckOptions((str(bundle),), Settings(), isolated=True), SHELF)
    assert [one.outlook for one in done.report.subjects] == [
        "ready for SEV, SEV-ES; SEV-SNP blocked by iommu-passthrough-blocks-snp"
    ]
    assert not done.report.findings


def sevlint(*arguments: str | Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "sevlint", "ready", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_command() -> None:
    code, out, err = sevlint(HOSTS / "milan-snp.yaml", HOSTS / "smee-off.yaml")
    assert (code, err) == (1, "")
    assert "  SEV-SNP  ready: 99 of 99 ASIDs left, shared with SEV-ES\n" in out
    assert "  SEV, SEV-ES, SEV-SNP blocked at smee: cpu-flag-cleared-by-bios\n" in out
    code, out, _ = sevlint("--goal", "sev", "--format", "json", HOSTS / "iommu-off.yaml")
    assert code == 0
    (host,) = json.loads(out)["hosts"]
    assert [(one["goal"], one["state"], one["left"]) for one in host["goals"]] == [("sev", "ready", 410)]
    code, out, err = sevlint(HOSTS / "guest-snp.yaml")
    assert (code, out) == (2, "")
    assert "there is no host in it" in err
    code, out, err = sevlint("no-such-place")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1

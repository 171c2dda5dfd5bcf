"""`sevlint ready`: what each whole host can run, and that less evidence never makes a host ready."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevlint import app, plugins
from sevlint.model import Goal, ReadinessReport, Settings

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
    "old-qemu": ("410 of 410", "99 of 99", "stack"),
    "ordinary-intel": ("cpu", "cpu", "cpu"),
}


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
    assert report.exit_code == (0 if all(one.state.value == "ready" for one in host.goals) else 1)


@pytest.mark.parametrize("name", ["iommu-passthrough", "rmp-missing", "psp-init-failed", "smee-off", "old-qemu"])
def test_less_evidence_never_makes_a_host_ready(name: str, tmp_path: Path) -> None:
    content = yaml.safe_load((HOSTS / f"{name}.yaml").read_text())
    files = (
        yaml.safe_load((HOSTS / content["from"]).read_text())["files"] | content["files"] if "from" in content else {}
    )
    files = {path: entry for path, entry in (files or content["files"]).items() if entry is not None}
    blocked = [one.state.value == "blocked" for one in ready(HOSTS / f"{name}.yaml").hosts[0].goals]
    for gone in files:
        bundle = tmp_path / "host.yaml"
        bundle.write_text(yaml.safe_dump({"files": {path: entry for path, entry in files.items() if path != gone}}))
        for host in ready(bundle).hosts:
            states = [one.state.value for one in host.goals]
            assert not any(before and now == "ready" for before, now in zip(blocked, states, strict=True)), gone


def test_guests_of_every_vmm_count_and_disputed_numbers_do_not(tmp_path: Path) -> None:
    files = yaml.safe_load((HOSTS / "milan-snp.yaml").read_text())["files"]
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": {**files, "sys/fs/cgroup/misc.current": "sev 5\nsev_es 99\n"}}))
    (host,) = ready(bundle).hosts
    assert [state(one) for one in host.goals] == ["405 of 410", "0 of 99", "0 of 99"]
    bundle.write_text(yaml.safe_dump({"files": {**files, "sys/fs/cgroup/misc.capacity": "sev 478\nsev_es 31\n"}}))
    (host,) = ready(bundle).hosts
    assert [one.left for one in host.goals] == [None] * 3


def test_what_is_not_known_names_what_to_collect(tmp_path: Path) -> None:
    files = yaml.safe_load((HOSTS / "milan-snp.yaml").read_text())["files"]
    kept = {path: files[path] for path in ("proc/cpuinfo", "proc/cmdline", "cmd/uname")}
    bundle = tmp_path / "host.yaml"
    bundle.write_text(yaml.safe_dump({"files": kept}))
    (host,) = ready(bundle).hosts
    assert [one.state.value for one in host.goals] == ["unknown"] * 3
    assert all(one.because and one.rules and one.collect for one in host.goals)


def test_a_host_of_unknown_goal_says_what_it_could_run(tmp_path: Path) -> None:
    content = yaml.safe_load((HOSTS / "iommu-passthrough.yaml").read_text())
    files = yaml.safe_load((HOSTS / content["from"]).read_text())["files"] | content["files"]
    files = {path: entry for path, entry in files.items() if "libvirt" not in path and "modprobe" not in path}
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

"""`--jobs`: the same bytes whatever the number of processes, and no process is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sevlint import app, jobs
from sevlint.model import Settings

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
DOMAIN = """<domain type='kvm'>
  <name>{name}</name>
  <memory unit='GiB'>4</memory>
  <vcpu>2</vcpu>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='host-passthrough'/>
  {more}
  <launchSecurity type='{type}'>{inside}</launchSecurity>
</domain>
"""
LOCKED = "<memoryBacking><locked/></memoryBacking>"
KINDS = (
    {"type": "sev", "inside": "<policy>0x0007</policy>", "more": LOCKED},
    {"type": "sev", "inside": "<policy>0x0006</policy>", "more": ""},
    {"type": "sev-snp", "inside": "<policy>0x30000</policy>", "more": ""},
    {"type": "tdx", "inside": "", "more": "<!-- sevlint: ignore[tdx-quote-service-missing]: not yet -->"},
    {"type": "sev", "inside": "<policy>7</policy><session>AAAA</session><dhCert>AAAA</dhCert>", "more": LOCKED},
    {"type": "sev-es", "inside": "", "more": ""},
)


def tree(folder: Path, count: int) -> None:
    """Domains of every kind, some that are plain, some that cannot be read, in two folders."""
    for number in range(count):
        name = f"vm{number}"
        text = DOMAIN.format(name=name, **KINDS[number % len(KINDS)])
        if number % 17 == 16:
            text = text[: len(text) // 2]
        elif number % 13 == 12:
            text = f"<domain type='kvm'><name>{name}</name></domain>"
        path = folder / ("prod" if number % 2 else "test") / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def sevlint(*arguments: str, cwd: Path) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-m", "sevlint", "check", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (".", "--format", "json"),
        (".", "--format", "sarif"),
        (".", "--show", "notes,open", "--config", "demands.yaml"),
        (".", "--diff", "--unsafe-fixes"),
        (".", "--host", str(HOSTS / "iommu-passthrough.yaml")),
        (str(HOSTS / "two-faults.yaml"), "prod", str(HOSTS / "milan-snp.yaml"), "missing.xml", "--format", "json"),
    ],
)
def test_the_number_of_processes_does_not_show(arguments: tuple[str, ...], tmp_path: Path) -> None:
    tree(tmp_path, 40)
    (tmp_path / "demands.yaml").write_text(
        "expect:\n  - {files: 'prod/**', goal: sev-snp}\n"
        "suppress:\n  - {rule: policy-allows-debug, path: 'test/**', reason: a test bed}\n"
    )
    alone = sevlint(*arguments, "--jobs", "1", cwd=tmp_path)
    assert alone[1]
    assert sevlint(*arguments, "--jobs", "3", cwd=tmp_path) == alone


def test_fixes_are_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        tree(tmp_path / name, 40)
    results = [
        sevlint(".", "--fix", "--jobs", jobs, cwd=tmp_path / name) for name, jobs in (("one", "1"), ("two", "2"))
    ]
    assert results[0] == results[1]
    written = [
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.xml")}
        for name in ("one", "two")
    ]
    assert written[0] == written[1]
    assert any(b"0x0007" in data for path, data in written[0].items() if path.endswith("vm1.xml"))


def test_one_session_in_files_of_several_processes_is_seen(tmp_path: Path) -> None:
    tree(tmp_path, 40)
    out = sevlint(".", "--select", "sev-session-reused", "--jobs", "3", cwd=tmp_path)[1].decode()
    assert "warning[sev-session-reused]" in out


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the other process must inherit the fault")
def test_a_process_that_dies_hides_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, 40)
    whole = jobs._Bench.do

    def dies(bench: jobs._Bench, task: object) -> object:
        if isinstance(task, jobs._Sheets) and any("vm1.xml" in one.file.path for one in task.sheets):
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(bench, task)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs._Bench, "do", dies)
    monkeypatch.chdir(tmp_path)
    checked = app.check(app.CheckOptions((".",), Settings(all_passes=False), jobs=2), app.shelf())
    (line,) = [line for line in checked.errors if "process" in line]
    assert "was ended by SIGKILL" in line
    assert checked.exit_code == 2
    assert len({finding.outside for finding in checked.report.findings}) > 10
    assert not any("vm1.xml" in finding.outside for finding in checked.report.findings)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    tree(tmp_path, 1500)
    command = [sys.executable, "-m", "sevlint", "check", ".", "--jobs", "2"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as running:
        time.sleep(0.6)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == b""
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


@pytest.mark.parametrize("jobs", ["many", "-1", "1.5", "1000"])
def test_a_number_that_is_none(jobs: str, tmp_path: Path) -> None:
    code, _, err = sevlint(".", f"--jobs={jobs}", cwd=tmp_path)
    assert code == 2
    assert b"is no number of processes" in err

"""`--jobs`: whatever the number of processes, every byte of the report is the same; a process that dies loses its own
input and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from test_cli import as_sos

from sevlint.cli import main

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
LOG = """2025-01-01 10:00:00.000+0000: starting up libvirt version: 10.0.0, qemu version: 8.2.0, kernel: 6.8.0
2025-01-01T10:00:01.000000Z qemu-system-x86_64: -device vfio-pci: failed
qemu-system-x86_64: sev_launch_start: LAUNCH_START ret=1 fw_error=21 'Feature not supported'
"""
GOAL = "  <launchSecurity type='{goal}'>\n    <policy>0x{policy:x}</policy>\n  </launchSecurity>\n"


def domain(name: str, goal: str = "sev-snp", policy: int = 0xB0000, more: str = "") -> str:
    return (
        f"<domain type='kvm'>\n  <name>{name}</name>\n  <memory unit='GiB'>4</memory>\n{more}"
        f"  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>\n"
        f"{GOAL.format(goal=goal, policy=policy) if goal else ''}</domain>\n"
    )


def site(top: Path) -> Path:
    """Folders of domain XML with all that ties one file to another, or keeps it from being judged apart."""
    texts = {
        "plain.xml": domain("plain", ""),
        "network.xml": "<network><name>default</name></network>",
        "cut.xml": domain("cut")[:-30],
        "empty-launch.xml": domain("asks", "sev-of-some-kind"),
        "several.xml": f"<domains>{domain('one', 'sev', 0)}{domain('two', 'tdx', 1)}</domains>",
        "views.xml": f"<domainsnapshot>{domain('v')}<inactiveDomain>{domain('v', 'sev')}</inactiveDomain></domainsnapshot>",
        "hushed.xml": domain("hushed", "sev", 0, "  <!-- sevlint: ignore policy-debug-allowed: lab -->\n"),
        "idle.xml": domain("idle", more="  <!-- sevlint: ignore tdx-debug until 2020-01-01: over -->\n"),
        "expected/.sevlint.yaml": "expect:\n  - {files: ['*.xml'], goal: sev-snp, require: [no-debug]}\n",
        "expected/none.xml": domain("none", ""),
        "expected/debug.xml": domain("debug", policy=0xB0000 | 1 << 19),
        "lent/.sevlint.yaml": f"hosts:\n  - {{files: ['*.xml'], host: {HOSTS / 'rmp-missing.yaml'}}}\n",
        "lent/vm.xml": domain("vm"),
        "meant/.sevlint.yaml": "target: {cpu: naples, qemu: '6.0'}\n",
        "meant/vm.xml": domain("vm"),
        "broken/.sevlint.yaml": "no-such-key: 1\n",
        "broken/vm.xml": domain("vm"),
    }
    for number in range(9):
        texts[f"many/vm{number}.xml"] = domain(f"vm{number}", policy=0xB0000 | (number % 2) << 19)
    for name, text in texts.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def rule_fixtures(top: Path) -> Path:
    """The domain of every fixture of a rule about domains, as the user's own file."""
    top.mkdir()
    for path in sorted((ROOT / "fixtures" / "domain").glob("*/*.yaml")):
        for name, text in (yaml.safe_load(path.read_text()).get("files") or {}).items():
            if name.endswith(".xml") and isinstance(text, str):
                (top / f"{path.parent.name}-{path.stem}-{name.replace('/', '-')}").write_text(text)
    return top


def run(*arguments: str | Path, cwd: Path, program: str = "", stdin: str = "") -> tuple[int, str, str]:
    start = ["-c", program] if program else ["-m", "sevlint"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(
        [sys.executable, *start, "check", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("jobs")
    site(top / "site")
    rule_fixtures(top / "rules")
    (top / "vm1.log").write_text(LOG)
    as_sos(HOSTS / "two-faults.yaml", top / "node1")
    as_sos(HOSTS / "milan-snp.yaml", top / "node2")
    return top


ALL = ("site", "node1", "node2", HOSTS / "guest-snp.yaml", HOSTS / "asid-overcommit.yaml", "rules", "missing", "-")
NAMED = tuple(f"site/many/vm{number}.xml" for number in range(9))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((*ALL, "--show", "open,notes"), 2),
        (("site", "--format", "sarif", "--sarif-kinds", "suppressed", "--strict"), 2),
        (("node1", "node2", "site/many", "--isolated", "--format", "json", "--select", "domain"), 1),
        ((*NAMED, "vm1.log", "--guest", f"vm2={HOSTS / 'guest-snp.yaml'}"), 1),
        (("site/many", "site/views.xml", "--host", HOSTS / "rmp-missing.yaml", "--goal", "sev"), 1),
        (("site", "--diff"), 2),
    ],
)
def test_the_report_is_the_same_bytes(top: Path, arguments: tuple[str | Path, ...], code: int) -> None:
    alone = run(*arguments, "--jobs", "1", cwd=top, stdin=domain("piped", "sev", 0))
    several = run(*arguments, "--jobs", "3", cwd=top, stdin=domain("piped", "sev", 0))
    assert several == alone
    assert alone[0] == code
    assert alone[1]


SPAWN = """
import multiprocessing, sys
from sevlint.cli import main
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main(sys.argv[1:]))
"""


def test_nothing_relies_on_fork_and_nothing_of_the_working_directory_is_imported(top: Path, tmp_path: Path) -> None:
    for name in ("multiprocessing", "pickle", "lxml", "yaml"):
        (top / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\nraise SystemExit('caught')\n")
    program = tmp_path / "sevlint-script.py"
    program.write_text(SPAWN)
    command = [sys.executable, str(program), "check", "site/many", "node1", "node2"]
    done = [
        subprocess.run([*command, "--jobs", jobs], cwd=top, capture_output=True, text=True, check=False)
        for jobs in ("1", "2")
    ]
    for name in ("multiprocessing", "pickle", "lxml", "yaml"):
        (top / f"{name}.py").unlink()
    assert (done[0].returncode, done[0].stdout, done[0].stderr) == (done[1].returncode, done[1].stdout, done[1].stderr)
    assert done[0].stdout
    assert not (tmp_path / "imported").exists()


KILLED = """
import multiprocessing, os, signal, sys
from sevlint import jobs
from sevlint.cli import main

def do(self, task, before=jobs._Bench.do):
    if "vm3" in repr(task) or "node1" in repr(task):
        os.kill(os.getpid(), signal.SIGKILL)
    return before(self, task)

jobs._Bench.do = do
multiprocessing.set_start_method("fork")
sys.exit(main(sys.argv[1:]))
"""


def test_a_process_that_dies_loses_its_own_input_alone(top: Path) -> None:
    code, out, err = run("site/many", "node1", "node2", "--jobs", "2", program=KILLED, cwd=top)
    assert code == 2
    killed = "was ended by SIGKILL; was memory short? --jobs 1 takes less of it"
    assert err.splitlines() == [
        f"error: 2 files from vm2.xml to vm3.xml were not judged: their process {killed}",
        f"error: node1: the process that read it {killed}",
    ]
    assert "vm1.xml" in out
    assert "vm3" not in out


SLOW = """
import multiprocessing, pathlib, sys, time
from sevlint import jobs
from sevlint.cli import main

def do(self, task):
    pathlib.Path(sys.argv[-1], str(multiprocessing.current_process().pid)).touch()
    time.sleep(60)

jobs._Bench.do = do
multiprocessing.set_start_method("fork")
sys.exit(main(sys.argv[1:-1]))
"""


def test_ctrl_c_ends_the_processes_without_a_word(top: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, "check", "node1", "node2", "--jobs", "2", str(tmp_path)]
    with subprocess.Popen(
        command, cwd=top, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")
    children = [int(path.name) for path in tmp_path.iterdir()]
    assert len(children) == 2
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_what_is_no_number_of_processes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("-1", "two", "1000", ""):
        assert main(["check", "vms", f"--jobs={wrong}"]) == 2
        assert capsys.readouterr().err == (
            f"error: --jobs: {wrong!r} is no number of processes from 1 to 999, nor auto\n"
        )


DOMAIN = """<domain type='kvm'>
  <name>{name}</name>
  <memory unit='GiB'>4</memory>
  <vcpu>2</vcpu>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='host-passthrough'/>
  {more}
  <launchSecurity type='sev'><policy>{policy}</policy>{inside}</launchSecurity>
</domain>
"""
SESSION = "<session>AAAA</session><dhCert>AAAA</dhCert>"


def domains(folder: Path) -> None:
    """Forty files; of each four, two have something to mend, and one shares its launch session."""
    folder.mkdir()
    for number in range(40):
        text = DOMAIN.format(
            name=f"vm{number}",
            policy="0x0006" if number % 4 == 1 else "0x0007",
            more="" if number % 4 == 2 else "<memoryBacking><locked/></memoryBacking>",
            inside=SESSION if number % 4 == 3 else "",
        )
        (folder / f"vm{number}.xml").write_text(text)


def test_fixes_are_the_same(tmp_path: Path) -> None:
    said, written = [], []
    for number in ("1", "3"):
        folder = tmp_path / number
        domains(folder)
        said.append(run(".", "--fix", "--jobs", number, cwd=folder))
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert said[0] == said[1]
    assert written[0] == written[1]
    assert b"0x0007" in written[0]["vm1.xml"]


def test_one_session_in_files_of_several_processes_is_seen(tmp_path: Path) -> None:
    domains(tmp_path / "vms")
    said = [run(".", "--select", "sev-session-reused", "--jobs", number, cwd=tmp_path / "vms") for number in ("1", "3")]
    assert said[0] == said[1]
    assert "10 warnings" in said[0][1]

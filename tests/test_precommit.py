"""The pre-commit hook, as pre-commit runs it: a scratch repository with domain XML, other XML and a non-XML file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
BAD = "<domain type='kvm'>\n  <name>vm1</name>\n  <launchSecurity type='sev'>\n    <policy>0x0006</policy>\n  </launchSecurity>\n</domain>\n"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_try_repo(tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, hook / name)
    for name in ("sevlint", "rules"):
        shutil.copytree(ROOT / name, hook / name, ignore=shutil.ignore_patterns("__pycache__"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "vm1.xml").write_text(BAD)
    (scratch / "net.xml").write_text("<network><name>default</name></network>\n")
    (scratch / "notes.txt").write_text("launchSecurity sev\n")
    for folder in (hook, scratch):
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
            assert run(folder, *GIT, *command).returncode == 0
    modules = run(hook, *GIT, "submodule", "status")
    if modules.returncode:
        last = modules.stderr.strip().split("\n")[-1]
        pytest.skip(f"pre-commit needs `git submodule`, a shell script, which does not run here: {last}")
    tried = run(
        scratch, sys.executable, "-m", "pre_commit", "try-repo", str(hook), "sevlint", "--all-files", "--verbose"
    )
    assert tried.returncode == 1, tried.stderr
    assert "error[policy-allows-debug]" in tried.stdout
    assert "1 file is no domain XML" in tried.stdout
    (scratch / "vm1.xml").unlink()
    assert run(scratch, *GIT, "commit", "-qam", "gone").returncode == 0
    tried = run(scratch, sys.executable, "-m", "pre_commit", "try-repo", str(hook), "sevlint", "--all-files")
    assert tried.returncode == 0, tried.stdout

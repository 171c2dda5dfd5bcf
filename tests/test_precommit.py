"""The pre-commit hook, as pre-commit runs it: a scratch repository with domain XML, other XML and a non-XML file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
BAD = "<domain type='kvm'>\n  <name>vm1</name>\n  <launchSecurity type='sev'>\n    <policy>0x0006</policy>\n  </launchSecurity>\n</domain>\n"


CONFIG = """repos:
  - repo: {repo}
    rev: {rev}
    hooks:
      - id: sevlint
      - id: sevlint-fix
"""


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = os.environ | environment
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=inherited)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_hooks(tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, hook / name)
    for name in ("sevlint", "rules"):
        shutil.copytree(ROOT / name, hook / name, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        assert run(hook, *GIT, *command).returncode == 0
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "vm1.xml").write_text(BAD)
    (scratch / "net.xml").write_text("<network><name>default</name></network>\n")
    (scratch / "notes.txt").write_text("launchSecurity sev\n")
    revision = run(hook, *GIT, "rev-parse", "HEAD").stdout.strip()
    (scratch / ".pre-commit-config.yaml").write_text(CONFIG.format(repo=hook, rev=revision))
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        assert run(scratch, *GIT, *command).returncode == 0
    modules = run(hook, *GIT, "submodule", "status")
    if modules.returncode:
        last = modules.stderr.strip().split("\n")[-1]
        pytest.skip(f"pre-commit needs `git submodule`, a shell script, which does not run here: {last}")

    def tried(*hooks: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--verbose", *hooks]
        return run(scratch, *command, PRE_COMMIT_HOME=str(tmp_path / "home"))

    said = tried("sevlint")
    assert said.returncode == 1, said.stderr
    assert "error[policy-allows-debug]" in said.stdout
    assert "1 file is no domain XML" in said.stdout
    assert (scratch / "vm1.xml").read_text() == BAD

    said = tried("sevlint-fix")
    assert said.returncode == 1, said.stderr
    assert "files were modified by this hook" in said.stdout
    assert "2 fixed: memory-not-locked, policy-allows-debug" in said.stdout
    assert "<locked/>" in (scratch / "vm1.xml").read_text()

    assert run(scratch, *GIT, "rm", "-qf", "vm1.xml").returncode == 0
    said = tried()
    assert said.returncode == 0, said.stdout
    assert "hook id: sevlint-fix" in said.stdout

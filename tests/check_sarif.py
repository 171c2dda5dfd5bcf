"""The SARIF check: Microsoft's Multitool finds nothing to say, no error and no warning, about what sevlint writes.

`python tests/check_sarif.py` installs it with npm into a temporary folder (104 MB); without npm it says so and is done.
`python tests/check_sarif.py PATH/Sarif.Multitool` uses one that is at hand. Its exit code is 0 whatever it finds, so
its own output is read (linter-conventions 9.1).
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
HOSTS = ROOT / "fixtures" / "hosts"
PACKAGE = "@microsoft/sarif-multitool-linux"
XML = """<domain type='kvm'>
  <name>{name}</name>
  <!-- \U0001f600 \u200b --><devices><graphics type='vnc' passwd='hunter2'/></devices>
  <!-- sevlint: ignore[policy-allows-debug, no-such-rule] until 2999-12-31: a laboratory [1] -->
  <launchSecurity type='sev-snp'>
    <session>{blob}</session><policy>0xb0000</policy>
  </launchSecurity>
</domain>
"""
NAMES = (
    b"plain.xml",
    b"sub/odd [name] %41.xml",
    "sub/\u00fc:\u65e5.xml".encode(),
    b"sub/bad\xff.xml",
    b"sub/a\nb\tc.xml",
)


def multitool(folder: Path) -> str:
    """The native binary: the launcher of its npm package hands arguments to a shell unquoted."""
    if len(sys.argv) > 1:
        return sys.argv[1]
    npm = shutil.which("npm")
    if npm is None:
        return ""
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    binary = folder / "node_modules" / PACKAGE / "Sarif.Multitool"
    binary.chmod(0o755)
    return str(binary)


class Written:
    """Runs sevlint and keeps its SARIF, of both kinds, beside each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[str] = []

    def add(self, name: str, *paths: bytes | str | Path, cwd: Path | None = None, stdin: bytes = b"") -> None:
        for kinds in ("fail", "all"):
            path = self.folder / f"{name}-{kinds}.sarif"
            command = [sys.executable, "-m", "sevlint", "check", "--format", "sarif", "--sarif-kinds", kinds, *paths]
            done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False)
            if done.returncode not in (0, 1, 2):
                raise SystemExit(f"sevlint: exit code {done.returncode} for {name}: {done.stderr.decode()}")
            path.write_bytes(done.stdout)
            self.files.append(str(path))


def write_xml(folder: Path) -> None:
    for name in NAMES:
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(XML.format(name=f"vm{len(name)}", blob="QUJD" * 300))


def write_archive(path: Path, host: Path) -> None:
    """A host's evidence in an archive, and beside it the same one cut off."""
    import yaml

    content = yaml.safe_load(host.read_text(encoding="utf-8"))
    base = content.get("from")
    below = yaml.safe_load((host.parent / base).read_text(encoding="utf-8"))["files"] if base else {}
    with tarfile.open(path, "w:gz") as archive:
        for name, entry in {**below, **content["files"]}.items():
            if isinstance(entry, str):
                data = entry.encode()
                name = "sos_commands/kernel/dmesg" if name == "cmd/dmesg" else name
                member = tarfile.TarInfo(f"sosreport-node1/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    whole = path.read_bytes()
    path.with_name("cut.tar.gz").write_bytes(whole[: len(whole) // 2])


def write_all(folder: Path) -> list[str]:
    written = Written(folder)
    for host in sorted(HOSTS.glob("*.yaml")):
        written.add(host.stem, host)
    repository, outside = folder / "repository", folder / "outside"
    write_xml(repository)
    write_xml(outside)
    (repository / ".git").mkdir()
    archive = folder / "sosreport node1.tar.gz"
    write_archive(archive, HOSTS / "two-faults.yaml")
    written.add("in-git", repository)
    written.add("in-git-odd", *(os.path.join(os.fsencode(repository), name) for name in NAMES))
    written.add("in-git-here", ".", cwd=repository)
    written.add("outside-git", outside, outside / "sub")
    written.add("archive", archive, folder / "cut.tar.gz")
    written.add("stdin", "-", stdin=(outside / "plain.xml").read_bytes())
    written.add("lent", outside / "plain.xml", "--host", HOSTS / "rmp-missing.yaml")
    return written.files


def said(binary: str, files: list[str], folder: Path) -> list[dict[str, Any]]:
    output = folder / "validation.sarif"
    options = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--max-file-size-in-kb", "1000000"]
    command = [binary, "validate", *files, *options, "--output", str(output), "--log", "ForceOverwrite"]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not output.exists() or f"{len(files)} files scanned" not in done.stdout:
        raise SystemExit(f"Sarif.Multitool did not read every file:\n{done.stdout}{done.stderr}")
    results = json.loads(output.read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    assert isinstance(results, list)
    return results


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        binary = multitool(folder)
        if not binary:
            print("SARIF: npm is not on PATH, so nothing was validated")
            return 0
        files = write_all(folder)
        results = said(binary, files, folder)
    for one in results:
        where = one["locations"][0]["physicalLocation"]
        uri = where["artifactLocation"].get("uri", "").rpartition("/")[2]
        arguments = " ".join(one["message"].get("arguments", ()))
        print(f"{uri}: {one['ruleId']} {one['message'].get('id', '')}: {arguments}")
    print(f"SARIF: {len(results)} errors and warnings in {len(files)} files")
    return 1 if results else 0


if __name__ == "__main__":
    sys.exit(main())

"""Cold start of the commit hook: `sevlint check one.xml` against `python -c 'import lxml.etree'`.

Also with a plugin of 300 generated rules installed (60 about domains, 200 about hosts, 40 about guests: the proportion
of a grown rule set). Prints medians and ratios of one run; `--smoke` makes few rounds. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DOMAIN = """<domain type='kvm'>
  <name>one</name>
  <memory unit='GiB'>4</memory>
  <vcpu>2</vcpu>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='host-passthrough'/>
  <launchSecurity type='sev'><policy>0x0007</policy></launchSecurity>
</domain>
"""
RULE = '''"""Generated rule {number}.

Why    It is generated, and measures what a rule costs.
Fix    Nothing.
Refs   bench/cold_start.py
"""
from sevlint.api import AMD_SEV, Pass, Severity, Subject, Verdict, rule
from sevlint.facts.{module} import {fact}

@rule(about=Subject.{about}, severity=Severity.NOTE, goals=AMD_SEV)
def judge(fact: {fact}) -> Verdict:
    return Pass("generated", seen=(fact.place,))
'''
PACKS = (("DOMAIN", 60, "domain", "Domain"), ("HOST", 200, "cpu", "Cpuinfo"), ("GUEST", 40, "guest", "GuestProtection"))


def plugin(folder: Path) -> None:
    """An installed plugin of 300 rules."""
    package = folder / "bench_rules"
    package.mkdir()
    (package / "__init__.py").write_text("")
    lines = []
    for about, count, module, fact in PACKS:
        pack = package / about.lower()
        pack.mkdir()
        (pack / "__init__.py").write_text("")
        for number in range(count):
            text = RULE.format(number=number, about=about, module=module, fact=fact)
            (pack / f"generated_{about.lower()}_{number}.py").write_text(text)
        lines.append(f"Pack('bench_rules.{about.lower()}', frozenset({{Subject.{about}}})),")
    (package / "plugin.py").write_text(
        "from sevlint.api import Pack, Subject, hookimpl\n\n@hookimpl\ndef register_rules():\n"
        f"    return [{' '.join(lines)}]\n"
    )
    info = folder / "bench_rules-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-rules\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[sevlint]\nbench = bench_rules.plugin\n")


def medians(commands: list[tuple[list[str], str]], rounds: int) -> list[float]:
    """Median wall time of each command (with its PYTHONPATH) in milliseconds.

    The commands take turns, so that a machine that grows faster or slower meanwhile does not bend their ratio. Two
    rounds before warm the caches.
    """
    times: list[list[float]] = [[] for _ in commands]
    for number in range(rounds + 2):
        for (command, extra), mine in zip(commands, times, strict=True):
            environment = {**os.environ, **({"PYTHONPATH": extra} if extra else {})}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed hook has its bytecode
            start = time.perf_counter()
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
            if number >= 2:
                mine.append((time.perf_counter() - start) * 1000)
            if done.returncode not in (0, 1):
                raise SystemExit(f"{' '.join(command)} failed: {done.stderr.decode()}")
    return [statistics.median(mine) for mine in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    rounds = 3 if parser.parse_args().smoke else 25
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        xml = folder / "one.xml"
        xml.write_text(DOMAIN)
        plugin(folder)
        check = [sys.executable, "-m", "sevlint", "check", str(xml)]
        bare = [sys.executable, "-c", "import lxml.etree"]
        floor, plain, grown = medians([(bare, ""), (check, ""), (check, name)], rounds)
    print(f"import lxml.etree                      {floor:7.1f} ms")
    print(f"sevlint check one.xml                  {plain:7.1f} ms  {plain / floor:.2f} times")
    print(f"the same, 300 generated rules more     {grown:7.1f} ms  {grown / floor:.2f} times")


if __name__ == "__main__":
    main()

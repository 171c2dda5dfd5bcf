"""`--jobs 1` against more processes: 2,000 domain XML files that all have a goal, and 6 host trees.

Prints medians of one run; `--smoke` takes 60 files and one round. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from many_xml import domain, median

HOST = Path(__file__).parent.parent / "fixtures" / "hosts" / "two-faults.yaml"
LINE = "Nov 25 10:00:00 node kernel: usb 1-1: new high-speed USB device number {number} using xhci_hcd\n"


def trees(folder: Path, lines: int) -> list[str]:
    """Six collected hosts, each with a long journal."""
    made = []
    for number in range(6):
        host = folder / f"host{number}"
        (host / "proc").mkdir(parents=True)
        (host / "sos_commands" / "logs").mkdir(parents=True)
        (host / "proc" / "cmdline").write_text("ro quiet iommu=pt\n")
        journal = "".join(LINE.format(number=one) for one in range(lines))
        (host / "sos_commands" / "logs" / "journalctl_--no-pager_--boot").write_text(journal)
        made.append(str(host))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    files, rounds, lines = (60, 1, 1_000) if smoke else (2_000, 3, 300_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "xml").mkdir()
        for number in range(files):
            (folder / "xml" / f"vm{number}.xml").write_text(domain(number, goal=True))
        hosts = trees(folder, lines)
        for what, paths in ((f"{files} XML files", [str(folder / "xml")]), ("6 host trees", hosts)):
            for jobs in ("1", str(os.cpu_count() or 1)):
                command = [sys.executable, "-m", "sevlint", "check", *paths, "--isolated", "--jobs", jobs]
                print(f"{what}, --jobs {jobs:<3} {median(command, rounds):10.1f} ms")


if __name__ == "__main__":
    main()

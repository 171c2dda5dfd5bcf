"""1,000 domain XML files of about 100 elements against `xmllint --noout`: 100 of them with a goal, then all.

Prints medians and ratios of one run; `--smoke` takes 50 files and one round. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DISK = """    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/{name}-{number}.qcow2'/>
      <target dev='vd{letter}' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x0{number}' slot='0x00' function='0x0'/>
    </disk>
"""
NIC = """    <interface type='network'>
      <mac address='52:54:00:00:{high:02x}:{low:02x}'/>
      <source network='net{number}'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x1{number}' slot='0x00' function='0x0'/>
    </interface>
"""
GOAL = "  <launchSecurity type='sev'>\n    <policy>0x0007</policy>\n  </launchSecurity>\n"


def domain(number: int, goal: bool) -> str:
    """A domain of about 100 elements."""
    name = f"vm{number}"
    disks = "".join(DISK.format(name=name, number=one, letter="abcdefgh"[one]) for one in range(8))
    nics = "".join(NIC.format(number=one, high=number >> 8, low=number & 255) for one in range(7))
    return (
        f"<domain type='kvm'>\n  <name>{name}</name>\n"
        f"  <uuid>00000000-0000-4000-8000-{number:012d}</uuid>\n"
        "  <memory unit='KiB'>4194304</memory>\n  <currentMemory unit='KiB'>4194304</currentMemory>\n"
        "  <memoryBacking><locked/></memoryBacking>\n  <vcpu placement='static'>4</vcpu>\n"
        "  <os firmware='efi'>\n    <type arch='x86_64' machine='pc-q35-9.0'>hvm</type>\n"
        "    <boot dev='hd'/>\n  </os>\n"
        "  <features>\n    <acpi/>\n    <apic/>\n  </features>\n  <cpu mode='host-passthrough'/>\n"
        f"  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n{disks}{nics}"
        "    <memballoon model='none'/>\n  </devices>\n"
        f"{GOAL if goal else ''}</domain>\n"
    )


def median(command: list[str], rounds: int) -> float:
    """Median wall time in milliseconds."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        times.append((time.perf_counter() - start) * 1000)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{command[0]} failed: {done.stderr.decode()[:500]}")
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    count, rounds = (50, 1) if smoke else (1000, 7)
    xmllint = shutil.which("xmllint")
    for with_goal in (count // 10, count):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(count):
                (folder / f"vm{number:04d}.xml").write_text(domain(number, number < with_goal))
            files = sorted(str(path) for path in folder.glob("*.xml"))
            ours = median([sys.executable, "-m", "sevlint", "check", name], rounds)
            print(f"sevlint check, {count} files, {with_goal} with a goal   {ours:8.1f} ms")
            if xmllint:
                theirs = median([xmllint, "--noout", *files], rounds)
                print(
                    f"xmllint --noout on the same            {theirs:8.1f} ms; sevlint takes {ours / theirs:.1f} times"
                )
            else:
                print("xmllint is not installed: no ratio")


if __name__ == "__main__":
    main()

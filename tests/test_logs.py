"""Several logs of one host: what is of the running boot, and what is history (snapshots 5.2 to 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from sevlint import plugins
from sevlint.combine.logs import kernel_log
from sevlint.facts.log import Absent, KernelLog, Line, Unknown
from sevlint.facts.platform import RunningKernel
from sevlint.model import Completeness, Gap, Place
from sevlint.signatures.scanner import LogScan

CARDS = plugins.Shelf(plugins.manager(third_party=False)).cards()
RMP = "SEV-SNP: Memory for the RMP table has not been reserved by BIOS"
SEV = "kvm_amd: SEV enabled (ASIDs 100 - 509)"


def log(path: str, *lines: tuple[float, str], release: str = "") -> Any:
    """A log; with a release it reaches back to the boot of that kernel."""
    scanner = LogScan(CARDS, "kernel", path, 0, Completeness.WHOLE)
    opening = [(0.0, f"Linux version {release} (x) #1")] if release else []
    for stamp, text in (*opening, *lines):
        scanner.feed(f"[{stamp:12.6f}] {text}\n".encode())
    return scanner.finish()


def merged(*readings: Any, running: str = "", audits: tuple[Any, ...] = ()) -> KernelLog:
    kernel = RunningKernel(running, Place("cmd/uname", 1)) if running else None
    found = kernel_log.function(readings, kernel, audits)
    assert isinstance(found, KernelLog)
    return found


def test_a_log_of_another_kernel_than_the_running_one_is_history() -> None:
    found = merged(
        log("cmd/dmesg", (4301.0, SEV)), log("var/log/dmesg", (0.1, RMP), release="5.4.0"), running="6.11.11"
    )
    assert isinstance(found.seen("rmp-not-reserved-by-bios"), Unknown)
    assert isinstance(found.seen("kvm-sev-enabled"), Line)
    assert [line.card for line in found.earlier] == ["linux-version", "rmp-not-reserved-by-bios"]


def test_a_log_of_another_kernel_alone_decides_nothing() -> None:
    found = merged(log("cmd/dmesg", (0.1, RMP), release="5.4.0"), running="6.11.11")
    assert found.hits == ()
    assert found.seen("rmp-not-reserved-by-bios") == Unknown("cmd/dmesg is of Linux 5.4.0, and Linux 6.11.11 runs")


@pytest.mark.parametrize("live", ["cmd/dmesg", "cmd/journal-boot", "sos_commands/kernel/dmesg"])
def test_a_live_log_that_is_whole_needs_no_file(live: str) -> None:
    old = log("var/log/messages", (0.1, RMP), (5.0, SEV), release="6.11.11")
    found = merged(log(live, (5.0, SEV), release="6.11.11"), old)
    assert isinstance(found.seen("rmp-not-reserved-by-bios"), Absent)
    assert found.earlier == old.hits


def test_a_file_of_another_boot_of_the_same_kernel_is_history() -> None:
    old = log("var/log/dmesg", (0.1, RMP), (5.0, SEV), release="6.11.11")
    found = merged(log("cmd/dmesg", (5.2, SEV)), old)
    assert isinstance(found.seen("rmp-not-reserved-by-bios"), Unknown)


@pytest.mark.parametrize("ring", [(4301.0, "x"), (5.0, SEV)])
def test_a_file_completes_a_ring_that_wrapped(ring: tuple[float, str]) -> None:
    found = merged(log("cmd/dmesg", ring), log("var/log/dmesg", (0.1, RMP), (5.0, SEV), release="6.11.11"))
    assert isinstance(found.seen("rmp-not-reserved-by-bios"), Line)
    assert [line.card for line in found.hits] == ["linux-version", "rmp-not-reserved-by-bios", "kvm-sev-enabled"]
    assert found.whole


FAILED = "ccp 0000:22:00.1: SEV-SNP: failed to INIT rc -5, error 0x3"
WENT_WELL = "ccp 0000:22:00.1: SEV-SNP API:1.55 build:31"


def plain(path: str, *texts: str) -> Any:
    """A log whose lines have no time since boot, as those of a journal."""
    scanner = LogScan(CARDS, "kernel", path, 0, Completeness.WHOLE)
    for text in texts:
        scanner.feed(f"Feb  4 09:34:10 host kernel: {text}\n".encode())
    return scanner.finish()


def mended(found: KernelLog) -> list[bool]:
    return [line.mended for line in found.hits if line.card == "ccp-snp-init-failed"]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ((FAILED, WENT_WELL), [True]),
        ((WENT_WELL, FAILED), [False]),
        ((FAILED, WENT_WELL, FAILED), [True, False]),
        ((FAILED, FAILED, WENT_WELL), [True, True]),
        ((FAILED, "ccp 0000:22:00.1: SEV API:1.55 build:31"), [False]),
    ],
)
def test_a_later_line_mends_and_an_earlier_one_does_not(texts: tuple[str, ...], says: list[bool]) -> None:
    assert mended(merged(plain("cmd/journal-boot", *texts))) == says
    stamped = log("cmd/dmesg", *((4300.0 + second, text) for second, text in enumerate(texts)), release="6.11.11")
    found = merged(stamped)
    assert mended(found) == says
    assert isinstance(found.seen("ccp-snp-init-failed"), Line) == (False in says)
    assert len(found.hits) == len(texts) + 1


def test_a_mending_line_of_another_source_counts_by_its_time() -> None:
    ring = (4301.0, WENT_WELL)
    at_boot = log("var/log/dmesg", (4.9, FAILED), release="6.11.11")
    assert mended(merged(log("cmd/dmesg", ring), at_boot)) == [True]
    assert mended(merged(log("cmd/dmesg", (4.0, WENT_WELL)), at_boot)) == [False]


def test_without_times_the_order_of_two_sources_proves_nothing() -> None:
    assert mended(merged(plain("cmd/dmesg", FAILED), plain("cmd/journal-boot", WENT_WELL))) == [False]
    both = plain("cmd/journal-boot", FAILED, WENT_WELL)
    assert mended(merged(plain("cmd/dmesg", WENT_WELL), both)) == [True]
    assert mended(merged(plain("cmd/dmesg", FAILED), both)) == [False]


def test_what_never_mends() -> None:
    """A PSP that timed out is dead until the power cycle; plain INIT may have failed before either API line."""
    cards = {card.id: card.mended_by for card in CARDS}
    for card in ("ccp-command-timeout", "ccp-sev-init-failed", "ccp-sev-init-invalid-state", "ccp-df-flush-failed"):
        assert cards[card] == ()
    assert {one for names in cards.values() for one in names} == {"ccp-sev-snp-api"}


DENIED = (
    'type=AVC msg=audit(1738564812.118:{}): avc:  denied  {{ read write }} for  pid=4711 comm="qemu-kvm" name="sev" '
    'dev="devtmpfs" ino=512 scontext=system_u:system_r:svirt_t:s0:c42,c911 '
    "tcontext=system_u:object_r:device_t:s0 tclass=chr_file permissive=0"
)
BOOTED = "type=SYSTEM_BOOT msg=audit(1738564277.411:52): pid=1530 uid=0 auid=4294967295 ses=4294967295 res=success"


def audit(path: str, *texts: str) -> Any:
    scanner = LogScan(CARDS, "audit", path, 0, Completeness.WHOLE)
    for text in texts:
        scanner.feed(f"{text}\n".encode())
    return scanner.finish()


def denied(found: KernelLog) -> list[str]:
    return [line.place.path for line in found.all("dev-sev-denied-by-selinux")]


def test_a_denial_of_the_running_boot_counts_and_one_of_an_earlier_boot_does_not() -> None:
    whole = log("cmd/dmesg", (5.0, SEV), release="6.11.11")
    newest = audit("var/log/audit/audit.log", BOOTED, DENIED.format(60))
    assert denied(merged(whole, audits=(newest,))) == ["var/log/audit/audit.log"]
    assert denied(merged(whole, audits=(audit("var/log/audit/audit.log", DENIED.format(50), BOOTED),))) == []
    old = audit("var/log/audit/audit.log.1", DENIED.format(40))
    assert denied(merged(whole, audits=(old, newest))) == ["var/log/audit/audit.log"]


def test_a_boot_may_go_through_several_files_of_auditd() -> None:
    files = (
        audit("var/log/audit/audit.log", DENIED.format(90)),
        audit("var/log/audit/audit.log.1", DENIED.format(40), BOOTED, DENIED.format(60)),
        audit("var/log/audit/audit.log.10", DENIED.format(5)),
        audit("var/log/audit/audit.log.2", DENIED.format(30)),
    )
    assert denied(merged(audits=files)) == ["var/log/audit/audit.log.1", "var/log/audit/audit.log"]


def test_the_log_of_auditd_proves_nothing_by_what_it_lacks() -> None:
    found = merged(audits=(audit("var/log/audit/audit.log", BOOTED, DENIED.format(60)),))
    assert found.seen("rmp-not-reserved-by-bios") == Unknown("no kernel log was collected")
    assert isinstance(kernel_log.function((), None, (audit("var/log/audit/audit.log", BOOTED),)), Gap)


def test_lines_of_auditd_with_the_name_of_their_host() -> None:
    (line,) = audit("x", f"node=host1.example.net {DENIED.format(60)}\x1dARCH=x86_64").hits
    assert line.text.startswith("type=AVC ")
    assert (line.get("domain"), line.get("label")) == ("svirt_t", "device_t")

"""Every log card hits its own lines and no other card's, also split over chunks and behind every prefix."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevlint import plugins
from sevlint.errors import RuleDefinitionError
from sevlint.model import Completeness
from sevlint.signatures.cards import Card, load_cards
from sevlint.signatures.scanner import LogScan, message

CARDS = plugins.Shelf(plugins.manager(third_party=False)).cards()
PREFIXES = (
    "[    0.000000] ",
    "[    0.000000][    T0] ",
    "[Mon Feb  7 09:34:10 2022] ",
    "kern  :info  : [    1.234567] ",
    "<6>[    1.234567] ",
    "6,1234,5678901,-;",
    "Feb  4 09:34:10 compute4 kernel: ",
    "Feb  4 09:34:10 compute4 kernel: [    0.000000] ",
    "2022-02-04T09:34:10+0000 host kernel: ",
    "2022-02-04T09:34:10.123456+00:00 host kernel: ",
    "[    0.000000] host kernel: ",
    "[    0.000000] kernel: ",
    "\x1b[32m[    0.000000] \x1b[0m",
    "",
)


def scan(data: bytes, kind: str = "kernel", size: int = 1 << 20) -> Any:
    scanner = LogScan(CARDS, kind, "log", 0, Completeness.WHOLE)
    for start in range(0, len(data), size):
        scanner.feed(data[start : start + size])
    return scanner.finish()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_card_hits_its_lines_and_no_other_card_does(card: Card) -> None:
    assert card.match
    for line in card.match:
        hits = [hit.card for hit in scan(line.encode() + b"\n", card.log).hits]
        assert hits == [card.id], line
    for line in card.near_miss:
        assert card.id not in [hit.card for hit in scan(line.encode() + b"\n", card.log).hits], line


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_of_a_collector_is_taken_off(prefix: str) -> None:
    for card in CARDS:
        if card.log == "kernel" and card.id != "printk-lost":
            hits = scan(f"{prefix}{card.match[0]}\n".encode()).hits
            assert [hit.card for hit in hits] == [card.id]
            assert hits[0].text == card.match[0].rstrip() or hits[0].text == card.match[0]


@pytest.mark.parametrize(
    "line", ["Feb  4 09:34:10 h app[12]: SEV enabled (ASIDs 1 - 2)", "Feb  4 09:34:10 h dockerd: x"]
)
def test_other_programs_are_not_heard(line: str) -> None:
    assert message(line) == (None, None)


BOOTS = (
    b"[    0.000000] Linux version 6.1.0 (x) #1\n[    1.0] x\n[    2.000000] kvm_amd: SEV disabled (ASIDs 0 - 0)\n"
    b"[    0.000000] Linux version 6.2.0 (x) #1\n[    2.000000] kvm_amd: SEV enabled (ASIDs 100 - 509)\n"
)


@given(st.integers(1, len(BOOTS)))
@settings(max_examples=60, deadline=None)
def test_chunks_change_nothing(size: int) -> None:
    assert scan(BOOTS, size=size) == scan(BOOTS)


def test_the_last_boot_counts() -> None:
    found = scan(BOOTS)
    assert [hit.card for hit in found.hits] == ["linux-version", "kvm-sev-enabled"]
    assert [hit.card for hit in found.earlier] == ["linux-version", "kvm-sev-disabled"]
    assert (found.whole, found.lines, found.hits[1].place.line) == (True, 5, 5)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[ 4301.000000] x\n", "does not reach back to boot"),
        (b"-- Boot 0123456789abcdef0123456789abcdef --\nFeb  4 09:34:10 h kernel: x\n", "does not reach back"),
        (BOOTS + b"[    3.000000] systemd-journald[1]: Missed 3 kernel messages\n", ""),
        (BOOTS + b"Feb  4 09:34:10 h systemd-journald[1]: Missed 3 kernel messages\n", "lacks lines"),
    ],
)
def test_whether_a_log_reaches_back(data: bytes, why: str) -> None:
    found = scan(data)
    assert found.whole is (why == "")
    assert why in found.why_not_whole


@given(st.binary(max_size=3000), st.integers(1, 500))
@settings(max_examples=200, deadline=None)
def test_garbage_never_raises(data: bytes, size: int) -> None:
    scan(data, size=size)
    scan(b"\xff\xfe" + data, "qemu", size)


def test_an_endless_line_is_bounded() -> None:
    scanner = LogScan(CARDS, "kernel", "log", 0, Completeness.WHOLE)
    for _ in range(100):
        scanner.feed(b"x" * 65536)
    scanner.feed(b"\n[    0.000000] Linux version 6.1.0 (x) #1\n")
    assert [hit.card for hit in scanner.finish().hits] == ["linux-version"]


@pytest.mark.parametrize(
    "card",
    [
        "{id: a, literal: x, regex: '(?=x)x', match: [x], harmless: y}",
        "{id: a, literal: x, regex: '(x)*', match: [x], harmless: y}",
        "{id: a, literal: x, regex: 'x', match: [x]}",
        "{id: a, literal: x, regex: 'x', match: [x], harmless: y, unknown: z}",
    ],
)
def test_an_ill_made_card_is_refused(card: str, tmp_path: Any) -> None:
    path = tmp_path / "cards.yaml"
    path.write_text(f"program: p\ncards: [{card}]\n")
    with pytest.raises(RuleDefinitionError, match="card a"):
        load_cards([(str(path), "x")])

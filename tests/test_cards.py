"""Every log card hits its own lines and no other card's, also split over chunks and behind every prefix."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sevlint import plugins
from sevlint.errors import RuleDefinitionError
from sevlint.facts.codes import DECODERS, errno_codes, firmware_codes, sev_errno, sev_firmware
from sevlint.facts.log import Line
from sevlint.model import Completeness, Goal, Place
from sevlint.signatures.cards import Card, load_cards
from sevlint.signatures.pages import page_of
from sevlint.signatures.prefixes import message
from sevlint.signatures.scanner import LogScan
from sevlint.testing import run

CARDS = plugins.Shelf(plugins.manager(third_party=False)).cards()
PREFIXES = (
    "[    0.000000] ",
    "[    0.000000][    T0] ",
    "[    0.000000] [    T0] ",
    "[    0.000000][  C12] ",
    "[    1.234567 <    0.000001>] ",
    "[Mon Feb  7 09:34:10 2022] ",
    "[Feb 7 09:34] ",
    "[  +0.000012] ",
    "kern  :info  : [    1.234567] ",
    "kern  :info  : [Mon Feb  7 09:34:10 2022] ",
    "<6>[    1.234567] ",
    "<6>[    1.234567][    T1] ",
    "6,1234,5678901,-;",
    "6,1234,5678901,-,caller=T1;",
    "2026-01-20T08:00:00,123456+00:00 ",
    "2026-01-20T08:00:00,123456+00:00 host kernel: ",
    "Feb  4 09:34:10 compute4 kernel: ",
    "Feb  4 09:34:10.123456 compute4 kernel: ",
    "Feb  4 09:34:10 compute4 kernel[1]: ",
    "Feb  4 09:34:10 kernel: ",
    "<6>Feb  4 09:34:10 compute4 kernel: ",
    "Feb  4 09:34:10 compute4 kernel: [    0.000000] ",
    "2022-02-04T09:34:10+0000 host kernel: ",
    "2022-02-04T09:34:10+0000 kernel: ",
    "2022-02-04T09:34:10.123456+00:00 host kernel: ",
    "2022-02-04T09:34:10.123456+00:00 host kernel: [    0.000000] ",
    "<6>1 2026-01-20T08:00:00.1Z host kernel - - - ",
    '<6>1 2026-01-20T08:00:00.1Z host kernel - - [origin ip="x"] [    0.000000] ',
    "Tue 2026-01-20 08:00:00 UTC host kernel: ",
    "1768896000.123456 host kernel: ",
    "[    0.000000] host kernel: ",
    "[    0.000000] kernel: ",
    "\0\0\0[    0.000000] ",
    "\x1b[32m[    0.000000] \x1b[0m",
    "\x1b]8;;http://x\x07[    0.000000] ",
    "",
)
"""Every form of snapshots 5.1, and what else dmesg and the journal can be told to print."""
LISTS = [card for card in CARDS if card.log == "kernel"]


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


OF_DOMAINS = [card for card in CARDS if card.log == "qemu" and card.finding is not None]


@pytest.mark.parametrize("card", OF_DOMAINS, ids=lambda card: card.id)
def test_a_message_of_a_running_guest_is_a_finding_of_its_domain(card: Card) -> None:
    start = "2026-01-20 08:03:55.117+0000: starting up libvirt version: 11.6.0, qemu version: 10.1.0\n"
    files = {
        "etc/libvirt/qemu/vm1.xml": "<domain type='kvm'><name>vm1</name><launchSecurity type='tdx'/></domain>",
        "var/log/libvirt/qemu/vm1.log": f"{start}{card.match[0]}\n",
    }
    found = [one for one in run({"files": files}).report.findings if one.rule == card.id]
    assert [(one.domain, [span.line for span in one.spans]) for one in found] == [("vm1", [2])]
    assert "{" not in found[0].message


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_of_a_collector_is_taken_off(prefix: str) -> None:
    for card in LISTS:
        for line in card.match:
            (hit,) = scan(f"{prefix}{line}\n".encode()).hits
            assert hit.card == card.id
            assert (hit.text, hit.groups) == (line, scan(f"{line}\n".encode()).hits[0].groups)
            text, column, end = hit.place.text, hit.place.column, hit.place.end_column
            assert text[column - 1 : end - 1] == line


@pytest.mark.parametrize(
    "colour", ["\x1b[32m[    1.234567] \x1b[0m\x1b[33m{0}\x1b[0m:{1}", "[    1.234567] {0}:\x1b[1m{1}\x1b[0m"]
)
def test_a_colour_within_a_message_hides_nothing(colour: str) -> None:
    for card in LISTS:
        for line in (line for line in card.match if ":" in line):
            data = f"x\n{colour.format(*line.split(':', 1))}\n".encode()
            (hit,) = scan(data).hits
            assert (hit.card, hit.text, hit.place.line) == (card.id, line, 2)


def test_columns_count_code_points() -> None:
    line = "Feb  4 09:34:10 hä\u20acst kernel: \tDMI: x"
    (hit,) = scan(f"{line.replace(chr(9), '')} Ä/B, BIOS 2\r\n".encode()).hits
    assert hit.place.text[hit.place.column - 1 :] == "DMI: x Ä/B, BIOS 2"


@pytest.mark.parametrize(
    "line",
    [
        "Feb  4 09:34:10 h app[12]: SEV enabled (ASIDs 1 - 2)",
        "Feb  4 09:34:10 h dockerd: x",
        "Feb  4 09:34:10 app[12]: SEV enabled (ASIDs 1 - 2)",
        "2022-02-04T09:34:10+0000 h SEV-SNP: x",
        "<14>1 2026-01-20T08:00:00.1Z host app 12 - - SEV enabled (ASIDs 1 - 2)",
    ],
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
        (BOOTS, ""),
        (BOOTS + b"[    3.000000] systemd-journald[1]: Missed 3 kernel messages\n", "lacks lines"),
        (BOOTS.replace(b"\n", b"\r"), "lacks lines: some end in a carriage return alone"),
        (BOOTS + b"[    3.000000] printk: systemd: 120 output lines suppressed due to ratelimiting\n", "lacks lines"),
        (BOOTS + b"Feb  4 09:34:10 h systemd-journald[1]: Missed 3 kernel messages\n", "lacks lines"),
    ],
)
def test_whether_a_log_reaches_back(data: bytes, why: str) -> None:
    found = scan(data)
    assert found.whole is (why == "")
    assert why in found.why_not_whole


LINES = st.lists(
    st.one_of(
        st.builds(
            "{}{}".format, st.sampled_from(PREFIXES), st.sampled_from([one for card in LISTS for one in card.match])
        ),
        st.builds("[{:5d}.000000] x".format, st.integers(0, 9999)),
        st.sampled_from(["-- Reboot --", "-- Boot 0123456789abcdef0123456789abcdef --", "", "\0" * 9, "ä" * 40_000]),
    ),
    max_size=12,
)


@given(
    lines=LINES,
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    cuts=st.lists(st.integers(0, 100_000), max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_no_split_of_the_bytes_changes_what_is_found(
    lines: list[str], newline: str, encoding: str, cuts: list[int]
) -> None:
    data = newline.join(lines).encode(encoding)
    scanner = LogScan(CARDS, "kernel", "log", 0, Completeness.WHOLE)
    at = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(at):
        scanner.feed(data[start:end])
    assert scanner.finish() == scan("\n".join(lines).encode())


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_an_encoding_mark_hides_nothing(mark: str) -> None:
    assert scan(BOOTS.decode().encode(mark)) == scan(BOOTS)
    assert scan(BOOTS.decode().encode(mark), size=1) == scan(BOOTS)


def test_a_clock_that_goes_back_opens_a_boot() -> None:
    first = BOOTS[: BOOTS.rindex(b"[    0.000000]")] + b"[ 9000.000000] x\n"
    noise = b"".join(b"[ 9000.%06d] usb: x\n" % number for number in range(2000))
    second = b"[    4.000000] kvm_amd: SEV enabled (ASIDs 100 - 509)\n"
    found = scan(first + noise + second)
    assert [hit.card for hit in found.hits] == ["kvm-sev-enabled"]
    assert [hit.card for hit in found.earlier] == ["linux-version", "kvm-sev-disabled"]
    assert not found.whole
    near = scan(BOOTS + b"[    1.900000] kvm_amd: SEV enabled (ASIDs 100 - 509)\n")
    assert near.whole
    assert len(near.hits) == 3


def test_a_card_that_repeats_itself_costs_no_other_its_lines() -> None:
    flood = [b"[   20.%06d] pci 0000:00:01.0: Adding to iommu group %d" % (number, number) for number in range(30_000)]
    found = scan(
        b"\n".join(
            [
                b"[    0.000000] Linux version 6.1.0 (x) #1",
                *flood,
                b"[   21.000000] kvm_amd: SEV disabled (ASIDs 0 - 0)",
            ]
        )
    )
    added = [hit.get("group") for hit in found.hits if hit.card == "iommu-group-added"]
    assert added == [str(number) for number in (*range(250), *range(29_750, 30_000))]
    assert [hit.card for hit in found.hits][::501] == ["linux-version", "kvm-sev-disabled"]
    assert found.whole


def test_a_tail_of_a_qemu_log_says_so() -> None:
    scanner = LogScan(CARDS, "qemu", "vm1.log.tailed", 0, Completeness.TAIL_ONLY)
    scanner.feed(next(card for card in CARDS if card.id == "qemu-starting-up").match[0].encode() + b"\n")
    found = scanner.finish()
    assert (found.whole, len(found.hits)) == (False, 1)
    assert found.why_not_whole == "vm1.log.tailed: only its tail was collected"


@pytest.mark.parametrize(
    ("text", "value"), [("0100", 100), ("0x10", 16), ("9" * 5000, 0), ("²", 0), ("", 0), ("-1", 0)]
)
def test_a_number_is_never_an_error(text: str, value: int) -> None:
    assert Line("x", "", (("n", text),), Place("x")).number("n") == value


@pytest.mark.parametrize("literal", ["x", "[x, z]"])
def test_a_card_may_have_several_literals(literal: str, tmp_path: Any) -> None:
    path = tmp_path / "cards.yaml"
    path.write_text(f"program: p\ncards: [{{id: a, literal: {literal}, regex: '[xz]', match: [x], harmless: y}}]\n")
    (card,) = load_cards([(str(path), "x")])
    assert card.literals == tuple(literal.strip("[]").split(", "))


def test_a_literal_of_a_card_is_in_each_of_its_lines() -> None:
    for card in CARDS:
        for line in card.match:
            assert any(literal in line for literal in card.literals), card.id


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
        "{id: a, literal: x, regex: '(?P<e>x)', match: [x], harmless: y, decode: {e: of-nobody}}",
        "{id: a, literal: x, regex: '(?P<e>x)', match: [x], harmless: y, decode: {f: sev-firmware}}",
        "{id: a, literal: x, regex: x, match: [x], harmless: y, mended-by: [b]}",
    ],
)
def test_an_ill_made_card_is_refused(card: str, tmp_path: Any) -> None:
    path = tmp_path / "cards.yaml"
    path.write_text(f"program: p\ncards: [{card}]\n")
    with pytest.raises(RuleDefinitionError, match="card a"):
        load_cards([(str(path), "x")])


ROWS = {
    "5.1": [*range(1, 19), "18a", "18b", "18c", "18d", *range(19, 23)],
    "5.2": [*range(23, 66)],
    "5.3": [*range(66, 71), "70a", "70b", *range(71, 76)],
    "5.4": [*range(76, 87)],
    "5.5": [*range(87, 91)],
}
"""Every row of the log section of the AMD sheet."""
LINES: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "host_log_lines.yaml").read_text())
"""What each row prints, with numbers of our own."""
_ITEMS = re.compile(r"amd-host (5\.\d)((?:,? #\w+)+)")


def rows_of(card: Card) -> set[str]:
    return {
        f"{section} {item}" for section, items in _ITEMS.findall(card.source) for item in re.findall(r"#\w+", items)
    }


@pytest.mark.parametrize("row", [f"{section} #{item}" for section, items in ROWS.items() for item in items])
def test_a_row_of_the_sheet_is_one_card(row: str) -> None:
    """Or several that tell different things."""
    cards = [card for card in CARDS if row in rows_of(card)]
    assert cards
    told = {(bool(card.finding), card.finding.message if card.finding else card.meaning) for card in cards}
    assert len(told) == len(cards)
    for card in cards:
        assert card.meaning
        assert card.meaning in page_of(card)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_page_of_a_card_has_a_sentence(card: Card) -> None:
    """Not the name of the fact that it feeds."""
    assert card.means or card.harmless or card.finding
    assert card.meaning[-1] in ".)", card.meaning
    assert " " in card.meaning


@pytest.mark.parametrize("row", LINES)
def test_each_line_of_a_row_is_one_card(row: str) -> None:
    """In lines of our own, and for KVM's also with the prefix that they have since v6.3."""
    cited = {card.id for card in CARDS if row in rows_of(card)}
    late = [f"kvm_amd: {line}" for line in LINES[row] if row.startswith("5.1 ") and not line.startswith("kvm_amd: ")]
    for line in (*LINES[row], *late):
        (hit,) = scan(f"{line}\n".encode()).hits
        assert hit.card in cited, line


def test_each_row_has_a_line() -> None:
    assert list(LINES) == [f"{section} #{item}" for section, items in ROWS.items() for item in items]
    assert all(LINES.values())


def test_cards_cite_rows_that_are_there() -> None:
    known = {f"{section} #{item}" for section, items in ROWS.items() for item in items}
    assert {row for card in CARDS for row in rows_of(card)} == known


def test_every_firmware_code_is_the_same_in_hex_and_in_decimal() -> None:
    codes = firmware_codes()
    assert [codes[0x13].qemu, codes[19].name] == ["Hardware error", "SEV_RET_HWSEV_RET_PLATFORM"]
    assert len(codes) == 56
    for number, code in codes.items():
        assert code.meaning
        assert code.name
        assert sev_firmware(str(number)) == sev_firmware(f"{number:#x}") == sev_firmware(f"{number:#010x}") == code
    assert sev_firmware("-1") == codes[0xFFFFFFFF]
    assert len({code.name for code in codes.values()}) == len(codes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", "0x3: the platform configuration is invalid (SEV_RET_INVALID_CONFIG)"),
        (
            "0x8003",
            "0x8003: a status of the PSP's mailbox, no SEV firmware code: the firmware is absent, not ready or refused",
        ),
        (
            "36864",
            "0x9000: a status of the PSP's mailbox, no SEV firmware code: the firmware is absent, not ready or refused",
        ),
        ("0x1e", "0x1e: a code that no public table has"),
        ("40", "0x28: the shutdown is not complete (SEV_RET_SHUTDOWN_INCOMPLETE)"),
    ],
)
def test_what_a_firmware_code_says(text: str, words: str) -> None:
    code = sev_firmware(text)
    assert code is not None
    assert code.words == words


@pytest.mark.parametrize("text", ["", "x", "-5", "0x12345", "4294967296"])
def test_what_is_no_firmware_code(text: str) -> None:
    assert sev_firmware(text) is None


def test_return_codes_are_negative() -> None:
    assert sev_errno("-16") == errno_codes()[16]
    assert [sev_errno(text) for text in ("1", "16", "-0", "-200", "", "-", "--16")] == [None] * 7


@pytest.mark.parametrize("table", DECODERS)
@given(
    text=st.one_of(st.text(max_size=12), st.from_regex(r"-?(0x)?[0-9a-f]{1,20}(:(0x)?[0-9a-f]{1,20})?", fullmatch=True))
)
@settings(max_examples=60, deadline=None)
def test_a_decoder_never_raises(table: str, text: str) -> None:
    DECODERS[table](text)


@pytest.mark.parametrize(
    ("line", "kind", "says"),
    [
        ("ccp 0000:22:00.1: SEV-SNP: SNP_INIT_EX failed rc -5, error 0x3", "kernel", "0x3"),
        ("sev_kvm_init: failed to initialize ret=-5 fw_error=19 'Hardware error'", "qemu", "0x13"),
        ("sev_kvm_init: failed to initialize ret=-16 fw_error=0 ''", "qemu", "-16"),
        ("sev_launch_start: LAUNCH_START ret=1 fw_error=8 'Guest is not active'", "qemu", "0x8"),
        ("kvm_amd: SEV-ES guest requested termination: 0:0x2", "kernel", "0:0x2"),
        ("ccp 0000:23:00.1: SEV: failed to INIT error 0, rc -110", "kernel", None),
    ],
)
def test_a_line_says_its_error(line: str, kind: str, says: str | None) -> None:
    (hit,) = scan(line.encode(), kind).hits
    assert (hit.error.shown if hit.error else None) == says


def test_a_pass_names_the_message_that_a_later_line_mends() -> None:
    lines = (
        "Linux version 6.11.11 (x) #1",
        "ccp 0000:22:00.1: SEV-SNP: failed to INIT rc -5, error 0x3",
        "ccp 0000:22:00.1: SEV-SNP API:1.55 build:31",
    )
    files = {"cmd/dmesg": "".join(f"[{number:12.6f}] {line}\n" for number, line in enumerate(lines))}
    (said,) = (one for one in run({"files": files}, goals=(Goal.SEV_SNP,)).said if one.rule == "ccp-messages")
    assert (said.verdict, said.at) == ("pass", ("cmd/dmesg:1", "cmd/dmesg:2"))
    assert said.because.endswith("in 3 lines of log stands; a later line mends ccp-snp-init-failed")

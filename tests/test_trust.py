"""The data file of AMD's bulletins is whole: dated, sourced, and its numbers fit each other."""

from __future__ import annotations

import datetime

import pytest

from sevlint.combine.trust import amd_bulletins
from sevlint.facts.trust import Bulletin, platform_code, version

KNOWN = amd_bulletins.function()
GENERATIONS = {"naples", "rome", "milan", "genoa", "bergamo", "turin"}


@pytest.mark.parametrize("bulletin", KNOWN.bulletins, ids=lambda one: one.id)
def test_a_bulletin_is_whole(bulletin: Bulletin) -> None:
    assert datetime.date.fromisoformat(bulletin.date) <= datetime.date.fromisoformat(KNOWN.checked)
    assert all(number.startswith("AMD-SB-") for number in bulletin.bulletins)
    assert all(cve.startswith("CVE-") for cve in bulletin.cves)
    assert bulletin.source
    assert {*bulletin.minima, *bulletin.unfixed} <= GENERATIONS
    for minimum in bulletin.minima.values():
        assert platform_code(minimum.pi) is not None
        assert not minimum.firmware or len(version(minimum.firmware)) == 3
    for key, last in bulletin.microcode.items():
        assert int(last, 16) >> 8 == int(key, 16)
    assert not bulletin.refuses_from or len(version(bulletin.refuses_from)) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("R24_MilanPI 1.0.0.D", ("milan", ("1", "0", "0", "D"))),
        ("Milan PI 1.0.0.d", ("milan", ("1", "0", "0", "D"))),
        ("GenoaPI_1.0.0.9", ("genoa", ("1", "0", "0", "9"))),
        ("MilanPI 1.0.0.10", None),
        ("2.4", None),
        ("", None),
    ],
)
def test_a_platform_code_is_read(text: str, code: tuple[str, tuple[str, ...]] | None) -> None:
    assert platform_code(text) == code


def test_codes_order_digits_before_letters() -> None:
    older, newer = platform_code("MilanPI 1.0.0.9"), platform_code("MilanPI 1.0.0.A")
    assert older is not None
    assert newer is not None
    assert older[1] < newer[1]

"""The page of a log card, of any kind: what the line means, what is done with it, and the codes that it may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.facts.codes import errno_codes, firmware_codes
from sevlint.signatures.cards import info_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sevlint.facts.log import Code
    from sevlint.signatures.cards import Card

_TABLES = {"sev-firmware": firmware_codes, "sev-errno": errno_codes}


def heading_of(card: Card) -> str:
    """The first line of the page of a card that is no finding."""
    what = "harmless" if card.harmless else "evidence"
    return f"{card.id} ({what}: a line of {card.program} in the {card.log} log)"


def page_of(card: Card) -> str:
    """Sections as a rule's page has them; lines and tables are indented, so that they are not filled anew."""
    if card.finding is not None:
        told = info_of(card).page
    else:
        told = f"Why    {card.meaning or f'{card.program} says so where this fails.'}"
        if card.evidence_of:
            told += f"\nFix    See {', '.join(card.evidence_of)}."
        told += f"\nRefs   {card.source}"
    if card.mended_by:
        told += f"\n\nNot raised where a line of {' or '.join(card.mended_by)} follows in the same log."
    parts = [told, "", "The line:", *(f"  {line}" for line in card.match[:1])]
    for table in card.decode.values():
        if table in _TABLES:
            parts += ["", "Codes:", *_rows(_TABLES[table]())]
    return "\n".join(parts)


def _rows(codes: Mapping[int, Code]) -> Iterator[str]:
    for number, code in sorted(codes.items()):
        decimal = f" = {number}" if code.shown.startswith("0x") else ""
        yield f"  {code.shown}{decimal}  {code.name}" + (f", in QEMU '{code.qemu}'" if code.qemu else "")
        yield f"      {code.meaning}"

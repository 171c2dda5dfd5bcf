"""Properties of every parser, whoever adds one: any bytes give a value or a ParseError, and every place is in the file.

Inputs are the files of our own fixtures with pieces cut out, doubled, and foreign bytes put in, and bytes of no kind.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevlint import plugins
from sevlint.errors import ParseError
from sevlint.facts.domain import FoundDomain
from sevlint.model import Completeness, Place, Subject
from sevlint.parsers.base import Parser, Text
from sevlint.spans import resolve

FIXTURES = Path(__file__).parent.parent / "fixtures"
SHELF = plugins.Shelf(plugins.manager(third_party=False))
REGISTRY = SHELF.registry(frozenset(Subject))
JUNK = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"\x1b[31m",
    b"\r\n",
    b'"',
    b"\\\n",
    b"=",
    b"<",
    b"&x;",
    b"]]>",
    b"9" * 5000,
    b"0x",
    "ä\u202e".encode(),
    b"-- ",
    b"$",
    b"{",
]


@cache
def samples() -> dict[str, list[bytes]]:
    """Path -> contents, from every bundle."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(FIXTURES.rglob("*.yaml")):
        for name, entry in (yaml.safe_load(path.read_text())["files"] or {}).items():
            text = entry if isinstance(entry, str) else entry.get("text") if isinstance(entry, dict) else None
            if text and text.encode() not in found.setdefault(name, []):
                found[name].append(text.encode())
    return found


def of(parser: Parser) -> list[tuple[str, str, bytes]]:
    """(path, evidence name, content) of what a parser reads; one made-up file where no fixture has any."""
    chosen = [
        (path, evidence.name, data)
        for evidence in parser.reads
        for path, contents in samples().items()
        if fnmatch.fnmatch(path, evidence.name)
        for data in contents[:6]
    ]
    return chosen or [(parser.reads[0].name.replace("*", "x"), parser.reads[0].name, b"a: 1\nb=2\n<domain/>\n")]


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        junk = draw(st.one_of(st.sampled_from(JUNK), st.binary(max_size=8)))
        again = data[start:end] if draw(st.booleans()) else b""
        data = data[:start] + again + junk + data[end:]
    return data


def places(value: Any) -> Iterator[Place]:
    if isinstance(value, Place):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from places(getattr(value, name))
    elif isinstance(value, (tuple, list, frozenset)):
        for item in value:
            yield from places(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from places(item)


def parse(parser: Parser, text: Text) -> Any:
    try:
        value = parser.function(text)
    except ParseError as error:
        return error.place
    if parser.splits:
        return tuple((one, one.read()) for one in value if isinstance(one, FoundDomain))
    return value


@pytest.mark.parametrize("parser", REGISTRY.parsers, ids=lambda parser: parser.name.removeprefix("sevlint.parsers."))
@given(draw=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_bytes_give_a_value_or_a_parse_error(parser: Parser, draw: st.DataObject) -> None:
    path, name, data = draw.draw(st.sampled_from(of(parser)))
    data = draw.draw(st.one_of(damaged(data), st.binary(max_size=200)))
    text = Text(path, data, name=name, complete=Completeness.WHOLE)
    for place in places(parse(parser, text)):
        if place.element is not None:
            assert resolve(place, data, path).line is not None
        if place.line is not None:
            assert 1 <= place.line <= max(1, len(text.lines))
            line = text.lines[place.line - 1] if text.lines else ""
            if place.column is not None and place.end_column is not None:
                assert 1 <= place.column <= place.end_column <= len(line) + 1

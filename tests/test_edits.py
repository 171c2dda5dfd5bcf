"""Edits of domain XML: what is meant happens, and every other byte stays."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from sevlint.edits import Document, Patch, loses_comment, replacements, splices
from sevlint.edits.diff import unified
from sevlint.errors import EditError
from sevlint.model import Change, Place, Span, change


def at(element: int, part: str = "") -> Place:
    return Place("vm.xml", element=element, part=part)


def applied(text: str | bytes, *changes: Change) -> str:
    """The text after an edit; an edit of bytes gives their text in UTF-8."""
    document = Document(text if isinstance(text, bytes) else text.encode())
    patch = Patch(document)
    assert patch.take(splices(document, changes))
    return patch.data().decode()


# --- each change, as its surroundings are written ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "made", "after"),
    [
        # attributes
        ("<a b='1'/>", change.put(at(0, "b"), "2"), "<a b='2'/>"),
        ("<a b='1'/>", change.put(at(0, "b"), "x'y\"<&\n"), "<a b='x&apos;y\"&lt;&amp;&#10;'/>"),
        ('<a b = "1" />', change.put(at(0, "b"), "'\""), '<a b = "\'&quot;" />'),
        ("<a b='1' />", change.put(at(0, "c"), "2"), "<a b='1' c='2' />"),
        ('<a b="1"><c/></a>', change.put(at(1, "d"), "2"), '<a b="1"><c d="2"/></a>'),
        ("<a/>", change.put(at(0, "b"), ">"), "<a b='&gt;'/>"),
        ("<a\n   b='1'\n   c='2'/>", change.put(at(0, "d"), "3"), "<a\n   b='1'\n   c='2'\n   d='3'/>"),
        ("<a bb='1' b='>b=2'/>", change.put(at(0, "b"), "3"), "<a bb='1' b='3'/>"),
        ("<a b='1' c='2'/>", change.drop(at(0, "b")), "<a c='2'/>"),
        ("<a b='1'\n   c='2'>t</a>", change.drop(at(0, "c")), "<a b='1'>t</a>"),
        # text
        ("<a> 1\n</a>", change.put(at(0, "#text"), "2"), "<a> 2\n</a>"),
        ("<a/>", change.put(at(0, "#text"), "<"), "<a>&lt;</a>"),
        ("<a b='1' />", change.put(at(0, "#text"), "2"), "<a b='1'>2</a>"),
        ("<a><!-- <x> -->\n1</a>", change.put(at(0, "#text"), "2"), "<a><!-- <x> -->\n2</a>"),
        ("<a>1<!-- c -->2<![CDATA[3]]></a>", change.put(at(0, "#text"), "4"), "<a>4<!-- c --></a>"),
        ("<a><![CDATA[<1>]]></a>", change.put(at(0, "#text"), "2"), "<a>2</a>"),
        ("<a>&lt;1</a>", change.put(at(0, "#text"), "2"), "<a>2</a>"),
        ("<a><!-- c --></a>", change.put(at(0, "#text"), "2"), "<a>2<!-- c --></a>"),
        # names
        ("<a>\n  <b c='1'><d/></b >\n</a>", change.rename(at(1), "e"), "<a>\n  <e c='1'><d/></e >\n</a>"),
        ("<a><b c='1'/></a>", change.rename(at(1), "longer"), "<a><longer c='1'/></a>"),
        ("<a\n  bb='1' b = '2'/>", change.rename(at(0, "b"), "c"), "<a\n  bb='1' c = '2'/>"),
        # what is left hollow
        ("<a>\n  <memtune>\n    <b/>\n  </memtune>\n  <c/>\n</a>", change.drop(at(2)), "<a>\n  <c/>\n</a>"),
        (
            "<a>\n  <memtune>\n    <b/>\n    <c/>\n  </memtune>\n</a>",
            change.drop(at(2)),
            "<a>\n  <memtune>\n    <c/>\n  </memtune>\n</a>",
        ),
        (
            "<a>\n  <memtune><!-- why -->\n    <b/>\n  </memtune>\n</a>",
            change.drop(at(2)),
            "<a>\n  <memtune><!-- why -->\n  </memtune>\n</a>",
        ),
        ("<a><firmware x='1'><b/></firmware></a>", change.drop(at(2)), "<a><firmware x='1'></firmware></a>"),
        ("<a>\n  <memtune>\n  </memtune>\n  <c/>\n</a>", change.drop(at(2)), "<a>\n  <memtune>\n  </memtune>\n</a>"),
        ("<memtune><b/></memtune>", change.drop(at(1)), "<memtune></memtune>"),
        # one of several documents
        (
            "<?xml version='1.0'?>\n<a b='1'/>\n<?xml version='1.0'?>\n<a b='1'>\n  <c/>\n</a>\n",
            change.put(at(1, "b"), "2"),
            "<?xml version='1.0'?>\n<a b='1'/>\n<?xml version='1.0'?>\n<a b='2'>\n  <c/>\n</a>\n",
        ),
        ("<a/><a>\n  <c/>\n</a>", change.drop(at(2)), "<a/><a>\n</a>"),
        # elements
        ("<a>\n  <b/>\n  <c/>\n</a>\n", change.drop(at(1)), "<a>\n  <c/>\n</a>\n"),
        ("<a>\n  <b>\n    <d/>\n  </b>  \n  <c/>\n</a>\n", change.drop(at(1)), "<a>\n  <c/>\n</a>\n"),
        ("<a>\r\n\t<b/>\r\n</a>", change.drop(at(1)), "<a>\r\n</a>"),
        ("<a>\n  <b/> <!-- c -->\n</a>", change.drop(at(1)), "<a>\n   <!-- c -->\n</a>"),
        ("<a><b/><c/></a>", change.drop(at(1)), "<a><c/></a>"),
        ("<a>\n  <b>1</b>\n</a>", change.drop(at(1, "#text")), "<a>\n</a>"),
        ("<a>\n  <b/>\n</a>", change.put(at(1), "<c>\n  <d/>\n</c>"), "<a>\n  <c>\n    <d/>\n  </c>\n</a>"),
        ("<a>\n  <b/>\n</a>", change.add(at(0), "<c/>"), "<a>\n  <b/>\n  <c/>\n</a>"),
        (
            "<a>\n    <b/>\n</a>",
            change.add(at(0), "<c>\n  <d/>\n</c>"),
            "<a>\n    <b/>\n    <c>\n      <d/>\n    </c>\n</a>",
        ),
        ("<a>\n  <b/>\n</a>", change.add(at(1), "<c/>"), "<a>\n  <b>\n    <c/>\n  </b>\n</a>"),
        ("<a>\n  <b x='1' />\n</a>", change.add(at(1), "<c/>"), "<a>\n  <b x='1'>\n    <c/>\n  </b>\n</a>"),
        ("<a>\n  <b></b>\n</a>", change.add(at(1), "<c/>"), "<a>\n  <b>\n    <c/>\n  </b>\n</a>"),
        ("<a>\n  <b>\n  </b>\n</a>", change.add(at(1), "<c/>"), "<a>\n  <b>\n    <c/>\n  </b>\n</a>"),
        ("<a>\n  <b><d/></b>\n</a>", change.add(at(1), "<c/>"), "<a>\n  <b><d/>\n    <c/>\n  </b>\n</a>"),
        (
            "<a>\r\n\t<b/>\r\n</a>",
            change.add(at(1), "<c>\n</c>"),
            "<a>\r\n\t<b>\r\n\t\t<c>\r\n\t\t</c>\r\n\t</b>\r\n</a>",
        ),
        ("<a><b/></a>\n", change.add(at(1), "<c/>"), "<a><b><c/></b></a>\n"),
        ("<a>\n <b/> <!-- c -->\n</a>", change.add(at(0), "<c/>"), "<a>\n <b/> <!-- c -->\n <c/>\n</a>"),
        (
            "<q:a xmlns:q='u'>\n  <q:b/>\n</q:a>",
            change.add(at(1), "<q:c/>"),
            "<q:a xmlns:q='u'>\n  <q:b>\n    <q:c/>\n  </q:b>\n</q:a>",
        ),
    ],
)
def test_a_change_is_written_like_what_is_around_it(before: str, made: Change, after: str) -> None:
    assert applied(before, made) == after


def test_changes_of_one_element_are_made_together() -> None:
    put, more = change.put(at(1, "b"), "2"), change.put(at(1, "c"), "3")
    both = change.add(at(1), "<d/>"), change.add(at(1), "<e/>")
    wanted = "<a>\n  <x b='2' c='3'>\n    <d/>\n    <e/>\n  </x>\n</a>"
    assert applied("<a>\n  <x b='1'/>\n</a>", put, more, *both) == wanted
    assert applied("<a b='1'/>", change.drop(at(0, "b")), change.put(at(0, "c"), "2")) == "<a c='2'/>"


@pytest.mark.parametrize(
    ("text", "changes", "why"),
    [
        ("<a/>", [change.put(at(1, "b"), "1")], "it has no element 1"),
        ("<a/>", [change.drop(at(0, "b"))], "has no attribute b"),
        ("<a/>", [change.drop(at(0))], "the root element"),
        ("<a/>\n<b/>", [change.drop(at(1))], "the root element"),
        ("<a/>\n<b/>", [change.add(at(1), "<c>")], "would not be well-formed|not well-formed"),
        ("<a/>\n<b/>", [change.add(at(1), "<p:c/>")], "would not be well-formed"),
        ("<a/>\nwords\n<b/>", [change.put(at(0, "b"), "1")], "not well-formed"),
        ("<a/><!DOCTYPE b><b/>", [change.put(at(0, "b"), "1")], "not well-formed"),
        ("<a/>", [change.rename(at(0, "b"), "c")], "has no attribute b"),
        ("<a b='1' c='2'/>", [change.rename(at(0, "b"), "c")], "would not be well-formed"),
        ("<a><b/></a>", [change.put(at(0, "#text"), "1")], "no text of its own"),
        ("<a b='1'/>", [change.put(at(0, "b"), "1"), change.put(at(0, "b"), "2")], "exclude each other"),
        ("<a><b><c/></b></a>", [change.drop(at(1)), change.put(at(2, "d"), "1")], "exclude each other"),
        ("<a><b/></a>", [change.drop(at(1)), change.add(at(1), "<c/>")], "exclude each other"),
        ("<a/>", [change.add(at(0), "<b>")], "would not be well-formed"),
        ("<a/>", [change.put(at(0, "b"), "\0")], "would not be well-formed"),
        ("<a/>", [change.put(at(0, "b"), "\ud800")], "is no character"),
        ("<a/>", [change.put(Place("vm.xml", 1), "b")], "names no element"),
        ("<!DOCTYPE a><a/>", [change.put(at(0, "b"), "1")], "DOCTYPE"),
        ("<a>", [change.put(at(0, "b"), "1")], "not well-formed"),
        (b"<a b='\xff'/>", [change.put(at(0, "b"), "1")], "its encoding"),
        (b"<?xml version='1.0' encoding='hex'?><a/>", [change.put(at(0, "b"), "1")], "its encoding"),
        (b"<?xml version='1.0' encoding='utf-16'?><a/>", [change.put(at(0, "b"), "1")], "its encoding"),
    ],
)
def test_what_is_not_possible_is_refused(text: str | bytes, changes: list[Change], why: str) -> None:
    with pytest.raises(EditError, match=why):
        applied(text, *changes)


def test_a_lost_comment_is_seen() -> None:
    document = Document(b"<a>\n  <b><!-- why --></b>\n  <c/><!-- not this -->\n</a>")
    assert loses_comment(document, [change.drop(at(1))])
    assert not loses_comment(document, [change.drop(at(2))])
    assert not loses_comment(document, [change.drop(at(1, "#comment1"))])


def test_a_comment_is_dropped_with_its_line_or_rewritten() -> None:
    data = b"<a>\n  <!-- one -->\n  <b><!-- two --></b>\n</a>"
    document = Document(data)

    def changed(*changes: Change) -> bytes:
        patch = Patch(document)
        assert patch.take(splices(document, changes))
        return patch.data()

    assert changed(change.drop(at(0, "#comment1"))) == b"<a>\n  <b><!-- two --></b>\n</a>"
    assert changed(change.put(at(1, "#comment2"), " three ")) == b"<a>\n  <!-- one -->\n  <b><!-- three --></b>\n</a>"
    with pytest.raises(EditError):
        changed(change.drop(at(0, "#comment3")))


def test_what_two_edits_leave_hollow_goes() -> None:
    document = Document(b"<a>\n  <memoryBacking>\n    <b/>\n    <c/>\n  </memoryBacking>\n  <d/>\n</a>")
    patch = Patch(document)
    assert patch.take(splices(document, [change.drop(at(2))]))
    assert patch.take(splices(document, [change.drop(at(3))]))
    assert patch.data() == b"<a>\n  <d/>\n</a>"


def test_edits_that_touch_wait() -> None:
    document = Document(b"<a>\n  <b x='1' y='2'/>\n  <c/>\n</a>")

    def takes(*edits: Change) -> list[bool]:
        patch = Patch(document)
        return [patch.take(splices(document, [one])) for one in edits]

    assert takes(change.put(at(1, "x"), "2"), change.put(at(1, "y"), "3")) == [True, True]
    assert takes(change.put(at(1, "x"), "2"), change.put(at(1, "x"), "3")) == [True, False]
    assert takes(change.put(at(1, "z"), "2"), change.put(at(1, "w"), "3")) == [True, False]
    assert takes(change.put(at(1, "x"), "2"), change.drop(at(1))) == [True, False]
    assert takes(change.drop(at(1)), change.drop(at(2))) == [True, True]
    assert takes(change.add(at(0), "<d/>"), change.add(at(0), "<d/>")) == [True, False]


# --- any document, any change ------------------------------------------------------------------------------------

CODINGS = [
    "utf-8",
    "utf-8+mark",
    "utf-16-le",
    "utf-16-be",
    "utf-16-le+mark",
    "utf-16-be+mark",
    "iso-8859-1",
    "windows-1252",
]
MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
VALUES = ["", "1", "on", "a b", "<&>'\"", "ä€☃\U0001f600", " x ", "]]>", "a\tb\nc"]
FRAGMENTS = ["<new/>", "<new a='1'>\n  <in/>\n</new>", "<new>ä☃</new>"]


class Made:
    """A made-up document: its text, and where every element stands in it."""

    def __init__(self, random: Random, coding: str = "") -> None:
        self.random = random
        self.coding = coding or random.choice(CODINGS)
        self.newline = random.choice(["\n", "\r\n", "\r"])
        self.text = ""
        self.elements: list[tuple[int, int]] = []
        name, _, mark = self.coding.partition("+")
        self.name, self.mark = name, MARKS[name] if mark else b""
        if self.coding not in ("utf-8", *(f"{one}+mark" for one in MARKS)) or random.random() < 0.5:
            shown = "UTF-16" if name.startswith("utf-16") else name
            self.text += f"<?xml version='1.0' encoding=\"{shown}\"?>{self.newline}"
        self.filler("")
        self.element(0)
        self.text += random.choice(["", self.newline])

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def data(self) -> bytes:
        return self.mark + self.text.encode(self.name, "xmlcharrefreplace")

    def filler(self, indent: str) -> None:
        if self.random.random() < 0.3:
            self.text += self.one_of("<!-- <b c='1'> é -->", "<?pi a='>'?>", "<!---->") + self.newline + indent

    def words(self) -> str:
        return self.one_of(
            "1",
            "0x7",
            "é&amp;",
            "&#x41;",
            "<![CDATA[<a>]]>",
            "a>b",
            "\u2603" if self.name[:3] == "utf" else "ü",
            "'\"",
            " ",
        )

    def element(self, depth: int) -> None:
        number = len(self.elements)
        self.elements.append((len(self.text), 0))
        name = self.one_of("domain", "os", "q:arg", "ü", "a.b-c")
        self.text += f"<{name}"
        if not depth:
            self.text += " xmlns:q='urn:q'"
        for key in self.random.sample(["a", "aa", "state", "q:x"], self.random.randrange(3)):
            quote = self.one_of("'", '"')
            value = self.one_of("", "1", "a='2'", 'a="2"', ">", "/>", "é", "&lt;", "x y").replace(quote, "")
            self.text += f"{self.one_of(' ', self.newline + '   ', '  ')}{key}{self.one_of('', ' ')}={self.one_of('', ' ')}{quote}{value}{quote}"
        self.text += self.one_of("", " ")
        kind = (
            self.one_of("empty", "text", "children", "children", "mixed") if depth < 4 else self.one_of("empty", "text")
        )
        if kind == "empty":
            self.text += "/>"
        else:
            self.text += ">"
            indent = self.random.choice([self.newline + "  " * (depth + 1), self.newline + "\t" * (depth + 1), ""])
            for _ in range(self.random.randrange(4)):
                if kind != "text":
                    self.text += indent
                    self.filler(indent[len(self.newline) :])
                    self.element(depth + 1)
                if kind != "children":
                    self.text += self.words()
                    self.filler("")
            self.text += (
                indent[:-2] if kind == "children" and len(indent) > 2 else ""
            ) + f"</{name}{self.one_of('', ' ')}>"
        self.elements[number] = (self.elements[number][0], len(self.text))


@given(seed=st.integers(0, 2**32), count=st.integers(2, 4), what=st.sampled_from(["put", "add", "drop", "rename"]))
@settings(max_examples=150)
def test_any_change_in_one_of_several_documents(seed: int, count: int, what: str) -> None:
    """What is changed in one of them is what would be changed if it were alone, and the others stay."""
    random = Random(seed)
    made = [Made(random, "utf-8") for _ in range(count)]
    texts = [one.text.strip().encode() for one in made]
    mine = random.randrange(count)
    number = random.randrange(len(made[mine].elements))
    before = sum(len(one.elements) for one in made[:mine])
    newline = made[0].newline.encode()
    if number == 0 and what == "drop":
        return

    def changed(data: bytes, element: int) -> bytes:
        document = Document(data)
        new = {
            "put": change.put(at(element, "state"), "on"),
            "add": change.add(at(element), "<new/>"),
            "drop": change.drop(at(element)),
            "rename": change.rename(at(element), "new"),
        }[what]
        patch = Patch(document)
        assert patch.take(splices(document, [new]))
        return patch.data()

    alone = changed(texts[mine], number)
    after = changed(newline.join(texts), before + number)
    head, tail = newline.join(texts[:mine]), newline.join(texts[mine + 1 :])
    assert after.startswith(head)
    assert after.endswith(tail)
    inner = after[len(head) : len(after) - len(tail)]
    assert inside(tree(inner.strip())) == inside(tree(alone))
    if what in ("drop", "rename"):
        assert inner.strip() == alone.strip()


def tree(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False))


def inside(root: etree._Element) -> list[tuple[Any, ...]]:
    """What a document says, but for blanks between elements."""
    return [(one.tag, dict(one.attrib), (one.text or "").strip(), (one.tail or "").strip()) for one in root.iter()]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Made, int, str, str]:
    made = Made(Random(draw(st.integers(0, 2**32))))
    element = draw(st.integers(0, len(made.elements) - 1))
    what = draw(st.sampled_from(["put attribute", "drop attribute", "put text", "put", "drop", "add"]))
    return made, element, what, draw(st.sampled_from(FRAGMENTS if what in ("put", "add") else VALUES))


@given(case=cases())
@settings(max_examples=400)
def test_any_change_of_any_document(case: tuple[Made, int, str, str]) -> None:
    made, number, what, text = case
    data = made.data()
    before, root = tree(data), tree(data)
    target = list(root.iter("*"))[number]
    (start, end), source = made.elements[number], made.text
    if what == "put attribute":
        new = change.put(at(number, "state"), text)
        target.set("state", text)
    elif what == "drop attribute":
        new = change.drop(at(number, "a"))
        if target.attrib.pop("a", None) is None:
            return
    elif what == "put text":
        new = change.put(at(number, "#text"), text)
        if len(target) > len(target.xpath("comment()|processing-instruction()")):
            return
    elif what == "add":
        new = change.add(at(number), text)
    elif number == 0:
        return
    else:
        new = change.put(at(number), text) if what == "put" else change.drop(at(number))
        lines = source.replace("\r\n", "\n\n").replace("\r", "\n")
        first, last = lines.rfind("\n", 0, start) + 1, end + len(source[end:]) - len(source[end:].lstrip(" \t"))
        if what == "drop" and not source[first:start].strip(" \t") and source[last : last + 1] in ("\n", "\r"):
            start, end = first, last + (2 if source[last : last + 2] == "\r\n" else 1)
    document = Document(data)
    patch = Patch(document)
    assert patch.take(splices(document, [new]))
    after = patch.data()
    head, tail = (
        source[:start].encode(made.name, "xmlcharrefreplace"),
        source[end:].encode(made.name, "xmlcharrefreplace"),
    )
    assert after.startswith(made.mark + head)
    assert after.endswith(tail)
    changed = tree(after)
    if what == "drop":
        assert after == made.mark + head + tail
    elif "attribute" in what:
        assert etree.tostring(changed, method="c14n") == etree.tostring(root, method="c14n")
    elif what == "put text":
        again = list(changed.iter("*"))[number]
        assert "".join(again.xpath("text()")).strip() == text.strip()
        assert len(again) == len(target)
    elif what == "put":
        again = list(changed.iter("*"))[number]
        assert again.tag == "new"
    else:
        again = list(changed.iter("*"))[number]
        assert again[-1].tag == "new"
        again.remove(again[-1])
        assert inside(changed) == inside(before)


def offset(text: str, line: int | None, column16: int | None) -> int:
    """A position that is given in UTF-16 code units."""
    assert line is not None
    assert column16 is not None
    starts = [0]
    for at_, one in enumerate(text):
        if one == "\n" or (one == "\r" and text[at_ + 1 : at_ + 2] != "\n"):
            starts.append(at_ + 1)
    begin = starts[line - 1]
    return begin + len(text[begin:].encode("utf-16-le")[: 2 * (column16 - 1)].decode("utf-16-le"))


@given(case=cases())
@settings(max_examples=100)
def test_regions_say_the_same(case: tuple[Made, int, str, str]) -> None:
    made, number, _, text = case
    document = Document(made.data())
    pieces = splices(document, [change.put(at(number, "state"), text)])
    patch = Patch(document)
    patch.take(pieces)
    (one,) = replacements(document, pieces, Span("vm.xml"))
    source = document.xml.decode()
    span = one.span
    begin, stop = offset(source, span.line, span.column16), offset(source, span.end_line, span.end_column16)
    told = source[:begin] + one.text + source[stop:]
    assert made.mark + told.encode(made.name) == patch.data()


def test_many_edits_of_a_long_file() -> None:
    lines = 70_000
    text = "<domain>\n" + "".join(f"  <disk n='{n}'><b/></disk>\n" for n in range(lines)) + "</domain>\n"
    document = Document(text.encode())
    patch = Patch(document)
    for n in range(0, lines, 100):
        assert patch.take(splices(document, [change.put(at(1 + 2 * n, "n"), "x")]))
    assert patch.data().count(b"<disk n='x'>") == lines // 100
    assert unified("vm.xml", text.encode(), patch.data()).count(b"\n+  <disk n='x'>") == lines // 100


# --- diffs -------------------------------------------------------------------------------------------------------


def changed_lines(random: Random, lines: list[bytes]) -> list[bytes]:
    lines = list(lines)
    for _ in range(random.randrange(6)):
        place = random.randrange(len(lines) + 1)
        lines[place : place + random.randrange(3)] = [
            b"new %d\n" % random.randrange(9) for _ in range(random.randrange(3))
        ]
    return lines


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_diff_applies(tmp_path: Path) -> None:
    random = Random(7)
    parts = []
    for number in range(40):
        lines = [b"%d\n" % random.randrange(5) for _ in range(random.randrange(60))]
        before, after = b"".join(lines), b"".join(changed_lines(random, lines))
        before, after = before[: len(before) - random.randrange(2)], after[: len(after) - random.randrange(2)]
        name = random.choice(["a b", "ä", 'q"\\', "n\nl", "plain"]) + str(number)
        (tmp_path / name).write_bytes(before)
        (tmp_path / f"{number}.wanted").write_bytes(after)
        if before != after and before and after:
            made = unified(name, before, after)
            assert made is not None
            parts.append((name, number, made))
    assert len(parts) > 20
    diff = b"".join(made for *_, made in parts)
    done = subprocess.run(["git", "apply", "-p1"], cwd=tmp_path, input=diff, capture_output=True, check=False)
    assert done.stderr == b""
    for name, number, _ in parts:
        assert (tmp_path / name).read_bytes() == (tmp_path / f"{number}.wanted").read_bytes()


def test_a_diff_shows_no_secret() -> None:
    lines = [b"<a%d/>\n" % n for n in range(20)]
    lines[5] = b"<graphics passwd='hunter2'/>\n"
    for place, shown in ((8, True), (7, True), (6, False), (5, False)):
        after = [*lines]
        after[place] = b"<graphics passwd='hunter2' new='1'/>\n" if place == 5 else b"<new/>\n"
        made = unified("vm.xml", b"".join(lines), b"".join(after))
        assert (made is not None) == shown
        assert b"hunter2" not in (made or b"")
    blob = b"<session>\nAAAA\nBBBB\n</session>\n<c/>\n<d/>\n<e/>\n<f/>\n"
    names = b"<auth username='u'>\n<secret type='passphrase' uuid='6ba7b810'/>\n</auth>\n<c/>\n"
    made = unified("vm.xml", names, names.replace(b"<c/>", b"<d/>"))
    assert made is not None
    assert b"6ba7b810" in made
    assert unified("vm.xml", blob, blob.replace(b"BBBB", b"CCCC")) is None
    made = unified("vm.xml", blob, blob.replace(b"<f/>", b"<g/>"))
    assert made is not None
    assert b"BBBB" not in made
    wide = "<a>\n<b passwd='hunter2'/>\n<c/></a>".encode("utf-16")
    assert unified("vm.xml", wide, wide.replace(b"c", b"d")) is None

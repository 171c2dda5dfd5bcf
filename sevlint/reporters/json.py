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
    """The JSON schema of a report that `write` wrote."""
    return _schema(Report, "sevlint report, format 1")


def ready_schema() -> str:
    """The JSON schema of a readiness report that `write` wrote."""
    return _schema(ReadinessReport, "sevlint readiness report, format 1")


def _schema(kind: type[Report | ReadinessReport], title: str) -> str:
    made = msgspec.json.schema(kind)
    made["$defs"][kind.__name__]["properties"]["format_version"] = {"const": 1}
    return _indented({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made})

"""SARIF 2.1.0 for code scanning.

Built with sarif_om's classes through thin factories and written by a serialiser of our own: sarif_om's writer drops
every value that equals a schema default (a result's `level: warning` vanishes and is then inherited from its rule),
turns unknown objects to strings, and copies each subtree once a level. Imported only when SARIF is asked for: it costs
72 ms.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import sarif_om as om

from sevlint.model import Confidence, Finding, InputSummary, Report, RuleInfo, Severity, Span, Undecided

HOME = "https://github.com/sevlint/sevlint"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "SRCROOT"
_SECURITY_SEVERITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.NOTE: "2.0"}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_RANK = {Severity.ERROR: 90.0, Severity.WARNING: 60.0, Severity.NOTE: 20.0}
_KINDS = ("pass", "open", "notApplicable")
_ALWAYS = frozenset({"level", "results", "executionSuccessful"})
_ORDER = ("$schema", "version", "ruleId", "ruleIndex", "rule", "kind", "level", "message", "locations")


def write(report: Report, *, all_kinds: bool = False) -> str:
    """The report as one run. `all_kinds` adds passes, open verdicts and rules that do not apply, with level none."""
    index = {info.id: number for number, info in enumerate(_listed(report))}
    hashes: dict[str, int] = {}
    by_key = {finding.key: finding for finding in report.findings}
    results = [_result(finding, by_key, index, report.inputs, hashes) for finding in report.findings]
    if all_kinds:
        undecided = sorted(report.undecided, key=lambda one: (one.rule, _KINDS.index(one.kind), one.host, one.domain))
        results += [_verdict(one, index, report.inputs) for one in undecided]
    run = om.Run(
        tool=om.Tool(driver=_driver(report)),
        results=results,
        column_kind="utf16CodeUnits",
        original_uri_base_ids={
            _ROOT: om.ArtifactLocation(description=om.Message(text="The git root above the input, else its folder."))
        },
        invocations=[_invocation(report)],
        automation_details=om.RunAutomationDetails(id="sevlint/"),
        default_encoding="utf-8",
        language="en",
    )
    log = om.SarifLog(version="2.1.0", schema_uri=_SCHEMA, runs=[run])
    return json.dumps(to_dict(log), ensure_ascii=False, separators=(",", ":")) + "\n"


def to_dict(value: Any) -> Any:
    """sarif_om objects as plain data: None and schema defaults left out (never `level`), unknown types refused."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_dict(one) for one in value]
    if isinstance(value, dict):
        return {str(key): to_dict(one) for key, one in value.items()}
    if type(value).__module__.split(".")[0] != "sarif_om":
        raise TypeError(f"SARIF cannot hold {type(value).__name__}")
    made: dict[str, Any] = {}
    for field in type(value).__attrs_attrs__:
        name = field.metadata["schema_property_name"]
        item = getattr(value, field.name)
        if item is None or (item == field.default and name not in _ALWAYS):
            continue
        made[name] = to_dict(item)
    first = {name: made[name] for name in _ORDER if name in made}
    return {**first, **made}


def _listed(report: Report) -> list[RuleInfo]:
    """Every rule that ran, catalogues and the cards that hit: sorted, so that ruleIndex is stable."""
    hit = {finding.rule for finding in report.findings}
    return sorted((info for info in report.rules if not info.card or info.id in hit), key=lambda info: info.id)


def _driver(report: Report) -> Any:
    return om.ToolComponent(
        name="sevlint",
        full_name=f"sevlint {report.sevlint_version}: linter for confidential virtual machines",
        organization="sevlint",
        version=report.sevlint_version,
        semantic_version=report.sevlint_version,
        information_uri=HOME,
        short_description=_text("A static linter and offline diagnostician for confidential virtual machines."),
        is_comprehensive=False,
        rules=[_rule(info) for info in _listed(report)],
        notifications=[
            _notice("input-not-read", "An input, or a part of it, could not be read."),
            _notice("sevlint-fault", "A rule, parser or combiner of sevlint broke; the others ran on."),
        ],
    )


def _notice(name: str, text: str) -> Any:
    return om.ReportingDescriptor(
        id=name,
        name=_pascal(name),
        short_description=_text(text),
        full_description=_text(text),
        help=_text(text),
        help_uri=f"{HOME}#readme",
    )


def _rule(info: RuleInfo) -> Any:
    title = _sentence(info.title)
    tags = ["security", "confidential-computing", *(goal.value for goal in info.goals)]
    return om.ReportingDescriptor(
        id=info.id,
        name=_pascal(info.id),
        short_description=_text(_cut(title, 1024)),
        full_description=_text(_cut(f"{title} {info.why}", 1024)),
        help=om.MultiformatMessageString(text=_cut(info.page or title, 8000), markdown=_markdown(info)),
        help_uri=f"{HOME}/blob/main/rules/sevlint_rules/{info.pack}/{info.id.replace('-', '_')}.py",
        default_configuration=om.ReportingConfiguration(level=info.severity.value),
        message_strings={"default": _text("{0}.")},
        properties={
            "tags": tags[:10],
            "precision": _PRECISION[info.confidence],
            "security-severity": _SECURITY_SEVERITY[info.severity],
            "problem.severity": _PROBLEM[info.severity],
        },
    )


def _markdown(info: RuleInfo) -> str:
    parts = [f"# {info.title}", info.why, f"**Fix**: {info.fix}" if info.fix else ""]
    refs = "\n".join(f"- {ref}" for ref in info.refs)
    return "\n\n".join(part for part in (*parts, refs) if part)


def _result(
    finding: Finding,
    by_key: dict[str, Finding],
    index: dict[str, int],
    inputs: tuple[InputSummary, ...],
    hashes: dict[str, int],
) -> Any:
    message = _cut(_escape(_sentence(_message(finding))), 2047).removesuffix(".")
    related = [_location(span, inputs, number, "Also here.") for number, span in enumerate(finding.spans[1:], 1)]
    for key in (finding.cause, *finding.explains):
        other = by_key.get(key)
        if other is not None and other.spans:
            words = "Follows from" if key == finding.cause else "Explains"
            text = f"{words} {other.rule}: {_escape(_sentence(other.message))}"
            related.append(_location(other.spans[0], inputs, len(related) + 1, text))
    location = _location(finding.spans[0], inputs)
    location.logical_locations = _logical(finding, finding.spans[0])
    rank = _RANK[finding.severity] - 15.0 * finding.confidence.rank
    return om.Result(
        rule_id=finding.rule,
        rule_index=index.get(finding.rule, -1),
        kind="fail",
        level=finding.severity.value,
        rank=max(rank, 1.0),
        message=om.Message(text=f"{message}.", id="default", arguments=[message]),
        locations=[location],
        related_locations=related or None,
        partial_fingerprints={"sevlintFindingHash/v1": _fingerprint(finding, hashes)},
        properties=_properties(finding),
    )


def _message(finding: Finding) -> str:
    about = finding.domain or finding.guest
    text = f"{finding.message} ({about})" if about and about not in finding.message else finding.message
    return f"{_sentence(text)} Fix: {finding.fix.text}" if finding.fix else text


def _properties(finding: Finding) -> dict[str, Any]:
    return {
        "sevlint/confidence": finding.confidence.value,
        "sevlint/goals": [goal.value for goal in finding.goals],
        **({"sevlint/host": finding.host} if finding.host else {}),
        **({"sevlint/domain": finding.domain} if finding.domain else {}),
        **({"sevlint/cause": finding.cause} if finding.cause else {}),
        **({"sevlint/lentCause": list(finding.lent_cause)} if finding.lent_cause else {}),
    }


def _verdict(one: Undecided, index: dict[str, int], inputs: tuple[InputSummary, ...]) -> Any:
    spans = one.spans or (Span(path=inputs[0].path if inputs else "input"),)
    return om.Result(
        rule_id=one.rule,
        rule_index=index.get(one.rule, -1),
        kind=one.kind,
        level="none",
        message=om.Message(text=_cut(_escape(_sentence(one.because)), 2048)),
        locations=[_location(spans[0], inputs)],
        partial_fingerprints={"sevlintVerdict/v1": _digest(one.rule, one.kind, one.host, one.domain, one.guest)},
    )


def _location(span: Span, inputs: tuple[InputSummary, ...], number: int | None = None, text: str = "") -> Any:
    made = om.Location(
        physical_location=om.PhysicalLocation(
            artifact_location=om.ArtifactLocation(uri=_uri(span, inputs), uri_base_id=_ROOT), region=_region(span)
        )
    )
    if number is not None:
        made.id = number
        made.message = om.Message(text=_cut(text, 1024))
    return made


def _uri(span: Span, inputs: tuple[InputSummary, ...]) -> str:
    from urllib.parse import quote

    given = inputs[span.source] if span.source < len(inputs) else None
    member = quote(span.path.lstrip("/"), safe="/")
    if given is None:
        return member
    if given.kind in ("file", "stdin"):
        return given.uri or "stdin"
    if given.kind in ("archive", "bundle"):
        return f"{given.uri}!/{member}"
    return f"{given.uri}/{member}" if given.uri else member


def _region(span: Span) -> Any:
    line = span.line or 1
    column = _utf16(span.snippet, span.column or 1)
    end_line = span.end_line or line
    if span.end_column is not None:
        end = _utf16(span.snippet, span.end_column) if end_line == line else span.end_column
    else:
        end = _utf16(span.snippet, len(span.snippet) + 1)
    if end_line == line:
        end = max(end, column)
    snippet = om.ArtifactContent(text=span.snippet) if span.snippet else None
    return om.Region(start_line=line, start_column=column, end_line=end_line, end_column=end, snippet=snippet)


def _utf16(line: str, column: int) -> int:
    """A column of code points as one of UTF-16 code units (both 1-based)."""
    before = line[: column - 1]
    return column + sum(ord(one) > 0xFFFF for one in before)


def _logical(finding: Finding, span: Span) -> list[Any] | None:
    names = [name for name in (finding.host, finding.domain, finding.guest) if name]
    made = []
    if names:
        made.append(om.LogicalLocation(name=names[-1], fully_qualified_name="/".join(names), kind="module"))
    if span.xpath:
        kind = "attribute" if "/@" in span.xpath else "element"
        name = span.xpath.rsplit("/", 1)[-1]
        made.append(om.LogicalLocation(name=name, fully_qualified_name=span.xpath, kind=kind))
    return made or None


def _fingerprint(finding: Finding, hashes: dict[str, int]) -> str:
    """Stable over moved lines, other folders and reworded messages; equal ones are told apart by their order."""
    span = finding.spans[0]
    place = span.xpath or re.sub(r"\d+", "N", span.note)
    digest = _digest(finding.rule, finding.domain, finding.guest, span.path, place, finding.value)
    hashes[digest] = hashes.get(digest, 0) + 1
    return digest if hashes[digest] == 1 else _digest(digest, str(hashes[digest]))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _invocation(report: Report) -> Any:
    notes = [_notification("input-not-read", 0, "warning", error) for error in report.errors]
    faults = [f"{fault.where} on {fault.subject}: {fault.what}" for fault in report.faults]
    notes += [_notification("sevlint-fault", 1, "error", fault) for fault in faults]
    return om.Invocation(execution_successful=not report.faults, tool_execution_notifications=notes or None)


def _notification(name: str, number: int, level: str, text: str) -> Any:
    return om.Notification(
        descriptor=om.ReportingDescriptorReference(id=name, index=number),
        level=level,
        message=om.Message(text=_cut(_escape(_sentence(text)), 2048)),
    )


def _text(text: str) -> Any:
    return om.MultiformatMessageString(text=text)


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _escape(text: str) -> str:
    """Square brackets are link syntax in SARIF messages."""
    return re.sub(r"([\[\]])", r"\\\1", text)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"

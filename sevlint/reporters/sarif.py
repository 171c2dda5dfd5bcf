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
from typing import TYPE_CHECKING, Any

import msgspec
import sarif_om as om

from sevlint.clean import MASK
from sevlint.model import Confidence, Finding, InputSummary, Report, RuleInfo, Severity, Span, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterable

HOME = "https://github.com/sevlint/sevlint"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "SRCROOT"
_OURS = frozenset({"sevlint", "sevlint_rules"})
_SECURITY_SEVERITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.NOTE: "2.0"}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_RANK = {Severity.ERROR: 90.0, Severity.WARNING: 60.0, Severity.NOTE: 20.0}
_KINDS = ("pass", "open", "notApplicable")
_ALWAYS = frozenset({"level", "results", "executionSuccessful"})
_ORDER = ("$schema", "version", "ruleId", "ruleIndex", "rule", "kind", "level", "message", "locations")
_EXIT = {
    0: "nothing at or above --fail-on",
    1: "findings at or above --fail-on",
    2: "an input could not be opened or read whole",
    3: "a fault of sevlint itself",
}
_MESSAGE_LIMIT = 2048
_LINKS = 8
"""Related locations of one sort that a message links to: GitHub shows only linked ones."""
_SNAPSHOTS = ("tree", "archive", "bundle")


def write(report: Report, *, all_kinds: bool = False, suppressed: bool = False) -> str:
    """The report as one run. `all_kinds` adds passes, open verdicts and rules that do not apply, with level none.

    `suppressed` (and `all_kinds`) adds what is suppressed: code scanning would show it as open.
    """
    suppressed = suppressed or all_kinds
    rules = _Rules(report, report.suppressed if suppressed else ())
    hashes: dict[str, int] = {}
    by_key = {finding.key: finding for finding in report.findings}
    results = [_result(finding, by_key, rules, report.inputs, hashes) for finding in report.findings]
    if all_kinds:
        undecided = sorted(report.undecided, key=lambda one: (one.rule, _KINDS.index(one.kind), one.host, one.domain))
        results += [_verdict(one, rules, report.inputs) for one in undecided]
    if suppressed and report.suppressed:
        # either every result of a run has the property or none has (SARIF 3.27.23)
        for result in results:
            result.suppressions = []
        results += [_suppressed(one, by_key, rules, report.inputs, hashes) for one in report.suppressed]
    masked = MASK.encode() in msgspec.json.encode(report)
    run = om.Run(
        tool=om.Tool(driver=_driver(report, rules), extensions=_extensions(rules)),
        results=results,
        artifacts=_artifacts(report.inputs),
        column_kind="utf16CodeUnits",
        newline_sequences=["\r\n", "\n", "\r"],
        original_uri_base_ids={
            _ROOT: om.ArtifactLocation(
                description=om.Message(text="The git root above the inputs, else the folder that they share.")
            )
        },
        invocations=[_invocation(report, rules)],
        automation_details=om.RunAutomationDetails(id="sevlint/"),
        redaction_tokens=[MASK] if masked else None,
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


class _Rules:
    """Every rule that ran, catalogues and the cards that hit: sorted, so that indices are stable.

    Those of the shipped packs are the driver's, each other distribution's are an extension of the tool.
    """

    def __init__(self, report: Report, suppressed: Iterable[Finding]) -> None:
        hit = {finding.rule for finding in (*report.findings, *suppressed)}
        listed = sorted((info for info in report.rules if not info.card or info.id in hit), key=lambda info: info.id)
        self.own = [info for info in listed if info.distribution in _OURS]
        self.foreign: dict[str, list[RuleInfo]] = {}
        for info in sorted(listed, key=lambda info: (info.distribution, info.id)):
            if info.distribution not in _OURS:
                self.foreign.setdefault(info.distribution, []).append(info)
        self._index = {info.id: number for number, info in enumerate(self.own)}
        self._extension = {
            info.id: (number, component)
            for component, infos in enumerate(self.foreign.values())
            for number, info in enumerate(infos)
        }

    def fields(self, name: str) -> dict[str, Any]:
        """How a result names its rule: an extension's rule has no other name (SARIF 3.27.7)."""
        if name in self._extension:
            return {"rule_id": None, "rule": self.reference(name)}
        return {"rule_id": name, "rule_index": self._index.get(name, -1)}

    def reference(self, name: str) -> Any:
        """A rule as the target of a reference; None for one that is not listed."""
        if name in self._extension:
            number, component = self._extension[name]
            where = om.ToolComponentReference(index=component)
            return om.ReportingDescriptorReference(id=name, index=number, tool_component=where)
        return om.ReportingDescriptorReference(id=name, index=self._index[name]) if name in self._index else None


def _driver(report: Report, rules: _Rules) -> Any:
    return om.ToolComponent(
        name="sevlint",
        full_name=f"sevlint {report.sevlint_version}: linter for confidential virtual machines",
        organization="sevlint",
        version=report.sevlint_version,
        semantic_version=_semantic(report.sevlint_version),
        information_uri=HOME,
        short_description=_text("A static linter and offline diagnostician for confidential virtual machines."),
        is_comprehensive=False,
        rules=[_rule(info) for info in rules.own],
        notifications=[
            _notice("input-not-read", "An input, or a part of it, could not be read."),
            _notice("sevlint-fault", "A rule, parser or combiner of sevlint broke; the others ran on."),
        ],
    )


def _extensions(rules: _Rules) -> list[Any] | None:
    made = [
        om.ToolComponent(name=name, is_comprehensive=False, rules=[_rule(info) for info in infos])
        for name, infos in rules.foreign.items()
    ]
    return made or None


_VERSION = re.compile(
    r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?(?:\+([A-Za-z0-9.]+))?"
)
_STAGES = {"a": "alpha", "b": "beta", "rc": "rc"}


def _semantic(version: str) -> str | None:
    """A version of PEP 440 as one of SemVer, None where there is no such."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, stage, number, post, dev, local = found.groups()
    before = [f"{_STAGES[stage]}.{number}"] if stage else []
    before += [f"dev.{dev}"] if dev else []
    build = [f"post.{post}"] if post else []
    build += [local] if local else []
    plain = f"{major}.{minor or 0}.{patch or 0}"
    return plain + (f"-{'.'.join(before)}" if before else "") + (f"+{'.'.join(build)}" if build else "")


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
    ours = info.distribution in _OURS and info.file
    return om.ReportingDescriptor(
        id=info.id,
        name=_pascal(info.id),
        short_description=_text(_cut(title, 1024)),
        full_description=_text(_cut(f"{title} {info.why}", 1024)),
        help=om.MultiformatMessageString(text=_cut(info.page or title, 8000), markdown=_markdown(info)),
        help_uri=f"{HOME}/blob/main/rules/sevlint_rules/{info.pack}/{info.file}" if ours else None,
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
    rules: _Rules,
    inputs: tuple[InputSummary, ...],
    hashes: dict[str, int],
) -> Any:
    span = finding.spans[0]
    related, links = _related(finding, by_key, inputs)
    message = _cut(_escape(_sentence(_message(finding))), _MESSAGE_LIMIT - len(links) - 1)
    message = f"{message} {links}".strip().removesuffix(".")
    location = _location(span, inputs)
    location.logical_locations = _logical(finding, span)
    prints = {"primaryLocationLineHash": span.line_hash} if span.line_hash else {}
    rank = _RANK[finding.severity] - 15.0 * finding.confidence.rank
    return om.Result(
        **rules.fields(finding.rule),
        kind="fail",
        level=finding.severity.value,
        rank=max(rank, 1.0),
        message=om.Message(text=f"{message}.", id="default", arguments=[message]),
        locations=[location],
        related_locations=related or None,
        fixes=_fixes(finding, inputs),
        partial_fingerprints={**prints, "sevlintFindingHash/v1": _fingerprint(finding, inputs, hashes)},
        properties=_properties(finding),
    )


def _fixes(finding: Finding, inputs: tuple[InputSummary, ...]) -> list[Any] | None:
    """What --fix would do, where it is safe."""
    fix = finding.fix
    if fix is None or not fix.replacements:
        return None
    made = [
        om.Replacement(
            deleted_region=om.Region(
                start_line=one.span.line,
                start_column=one.span.column16,
                end_line=one.span.end_line,
                end_column=one.span.end_column16,
            ),
            inserted_content=om.ArtifactContent(text=one.text) if one.text else None,
        )
        for one in fix.replacements
    ]
    where = om.ArtifactLocation(uri=_uri(fix.replacements[0].span, inputs), uri_base_id=_ROOT)
    changes = [om.ArtifactChange(artifact_location=where, replacements=made)]
    return [om.Fix(description=om.Message(text=_cut(_escape(_sentence(fix.text)), 1024)), artifact_changes=changes)]


def _suppressed(
    finding: Finding,
    by_key: dict[str, Finding],
    rules: _Rules,
    inputs: tuple[InputSummary, ...],
    hashes: dict[str, int],
) -> Any:
    made = _result(finding, by_key, rules, inputs, hashes)
    how = finding.suppressed
    if how is not None:
        # sarif_om knows `status` by the name that it had in a draft
        one: dict[str, Any] = {"kind": how.kind, "status": "accepted", "justification": _cut(how.justification, 1024)}
        if how.span is not None:
            one["location"] = _location(how.span, inputs)
        if how.until:
            one["properties"] = {"sevlint/until": how.until}
        made.suppressions = [one]
    return made


def _message(finding: Finding) -> str:
    about = finding.domain or finding.guest
    text = f"{finding.message} ({about})" if about and about not in finding.message else finding.message
    return f"{_sentence(text)} Fix: {finding.fix.text}" if finding.fix else text


def _related(finding: Finding, by_key: dict[str, Finding], inputs: tuple[InputSummary, ...]) -> tuple[list[Any], str]:
    """The other places, the cause and the consequences; and the sentences of the message that link to them."""
    made: list[Any] = []
    sentences = []

    def link(words: str, others: Iterable[tuple[Span, str, str]]) -> None:
        first = len(made) + 1
        labels = []
        for number, (span, label, text) in enumerate(others, first):
            made.append(_location(span, inputs, number, text))
            labels.append(f"[{_escape(_cut(label, 100))}]({number})")
        if labels:
            sentences.append(f"{words} {', '.join(labels[:_LINKS])}.")

    link("See also", ((span, _where(span), "Also here.") for span in finding.spans[1:]))
    for words, keys in (("Follows from", (finding.cause,)), ("Explains", finding.explains)):
        found = (by_key[key] for key in keys if key in by_key)
        link(words, [(one.spans[0], one.rule, f"{words} {one.rule}: {_sentence(one.message)}") for one in found])
    return made, " ".join(sentences)


def _where(span: Span) -> str:
    return f"{span.path}:{span.line}" if span.line is not None else span.path


def _properties(one: Finding) -> dict[str, Any]:
    return {
        "sevlint/confidence": one.confidence.value,
        "sevlint/goals": [goal.value for goal in one.goals],
        **_subject(one),
        **({"sevlint/cause": one.cause} if one.cause else {}),
        **({"sevlint/lentCause": list(one.lent_cause)} if one.lent_cause else {}),
    }


def _subject(one: Finding | Undecided) -> dict[str, Any]:
    names = {"sevlint/host": one.host, "sevlint/domain": one.domain, "sevlint/guest": one.guest}
    return {key: name for key, name in names.items() if name}


def _verdict(one: Undecided, rules: _Rules, inputs: tuple[InputSummary, ...]) -> Any:
    given = inputs[one.source]
    location = om.Location()
    span = one.spans[0] if one.spans else None
    if span is not None:
        location = _location(span, inputs)
    elif given.uri:
        location.physical_location = _physical(given.uri, om.Region(start_line=1))
    location.logical_locations = _logical(one, span)
    path = _path(span, inputs) if span is not None else given.uri if given.kind not in _SNAPSHOTS else ""
    return om.Result(
        **rules.fields(one.rule),
        kind=one.kind,
        level="none",
        message=om.Message(text=_cut(_escape(_sentence(one.because)), _MESSAGE_LIMIT)),
        locations=[location],
        partial_fingerprints={
            "sevlintVerdict/v1": _digest(one.rule, one.kind, one.host, one.domain, one.guest, path, one.because)
        },
        properties=_subject(one) or None,
    )


def _location(span: Span, inputs: tuple[InputSummary, ...], number: int | None = None, text: str = "") -> Any:
    made = om.Location(physical_location=_physical(_uri(span, inputs), _region(span), _context(span)))
    if number is not None:
        made.id = number
        made.message = om.Message(text=_cut(_escape(text), 1024))
    return made


def _physical(uri: str, region: Any, context: Any = None) -> Any:
    where = om.ArtifactLocation(uri=uri, uri_base_id=_ROOT)
    return om.PhysicalLocation(artifact_location=where, region=region, context_region=context)


def _uri(span: Span, inputs: tuple[InputSummary, ...]) -> str:
    given = inputs[span.source]
    if given.kind in ("file", "stdin", "configuration") or not span.uri:
        return given.uri
    if given.kind in ("archive", "bundle"):
        return f"{given.uri}!/{span.uri}"
    return f"{given.uri}/{span.uri}" if given.uri else span.uri


def _region(span: Span) -> Any:
    """The place, in UTF-16 columns. What has no text is line 1 as a whole: GitHub wants a line for everything."""
    line = span.line or 1
    if span.column16 is None or span.end_column16 is None:
        return om.Region(start_line=line)
    return om.Region(
        start_line=line,
        start_column=span.column16,
        end_line=span.end_line or line,
        end_column=span.end_column16,
        snippet=om.ArtifactContent(text=span.text) if span.text else None,
    )


def _context(span: Span) -> Any:
    """The whole line around a place that is a part of it."""
    part = span.start > 0 or span.end < len(span.snippet)
    if not part or not span.text or span.cut or span.line is None or span.end_line != span.line:
        return None
    snippet = om.ArtifactContent(text=span.snippet)
    return om.Region(start_line=span.line, end_line=span.line, snippet=snippet)


def _logical(one: Finding | Undecided, span: Span | None) -> list[Any] | None:
    names = [name for name in (one.host, one.domain, one.guest) if name]
    made = []
    if names:
        made.append(om.LogicalLocation(name=names[-1], fully_qualified_name="/".join(names), kind="module"))
    if span is not None and span.xpath:
        kind = "attribute" if "/@" in span.xpath else "element"
        name = span.xpath.rsplit("/", 1)[-1]
        made.append(om.LogicalLocation(name=name, fully_qualified_name=span.xpath, kind=kind))
    return made or None


def _fingerprint(finding: Finding, inputs: tuple[InputSummary, ...], hashes: dict[str, int]) -> str:
    """Stable over moved lines, other folders and reworded messages; equal ones are told apart by their order."""
    span = finding.spans[0]
    place = span.xpath or re.sub(r"\d+", "N", span.note)
    names = (finding.host, finding.domain, finding.guest)
    digest = _digest(finding.rule, *names, _path(span, inputs), place, finding.value)
    hashes[digest] = hashes.get(digest, 0) + 1
    return digest if hashes[digest] == 1 else _digest(digest, str(hashes[digest]))


def _path(span: Span, inputs: tuple[InputSummary, ...]) -> str:
    """Where a file is, however its PATH was typed and wherever a snapshot lies."""
    return span.uri if inputs[span.source].kind in _SNAPSHOTS else _uri(span, inputs)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


_ROLES = {"configuration": "userSpecifiedConfiguration"}


def _artifacts(inputs: tuple[InputSummary, ...]) -> list[Any] | None:
    """The inputs as they were named; what was found in them is located by the results."""
    made: dict[str, Any] = {}
    for given in sorted(inputs, key=lambda given: given.uri):
        roles = [_ROLES.get(given.kind, "referencedOnCommandLine" if given.lent else "analysisTarget")]
        roles += ["directory"] if given.kind in ("tree", "xml") else []
        roles += ["standardStream"] if given.kind == "stdin" else []
        if given.uri and given.uri not in made:
            where = om.ArtifactLocation(uri=given.uri, uri_base_id=_ROOT)
            made[given.uri] = om.Artifact(location=where, roles=roles)
    return list(made.values()) or None


def _invocation(report: Report, rules: _Rules) -> Any:
    notes = [
        _notification("input-not-read", error, location=_of_error(error, report.inputs)) for error in report.errors
    ]
    for fault in report.faults:
        text = f"{fault.where} on {fault.subject}: {fault.what}"
        notes.append(_notification("sevlint-fault", text, rule=rules.reference(fault.where.removeprefix("rule "))))
    return om.Invocation(
        execution_successful=not report.faults,
        exit_code=report.exit_code,
        exit_code_description=_EXIT.get(report.exit_code) if report.exit_code is not None else None,
        tool_execution_notifications=notes or None,
    )


_NOTICES = {"input-not-read": (0, "warning"), "sevlint-fault": (1, "error")}


def _notification(name: str, text: str, *, location: Any = None, rule: Any = None) -> Any:
    number, level = _NOTICES[name]
    return om.Notification(
        descriptor=om.ReportingDescriptorReference(id=name, index=number),
        level=level,
        message=om.Message(text=_cut(_escape(_sentence(text)), _MESSAGE_LIMIT)),
        locations=[location] if location is not None else None,
        associated_rule=rule,
    )


def _of_error(error: str, inputs: tuple[InputSummary, ...]) -> Any:
    """The input that a line about damage names first."""
    given = next((one for one in inputs if one.uri and error.startswith(f"{one.path}: ")), None)
    return om.Location(physical_location=_physical(given.uri, om.Region(start_line=1))) if given is not None else None


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

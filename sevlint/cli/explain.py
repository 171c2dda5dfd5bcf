"""`sevlint explain RULE`: what a rule checks or a known line of a log means, how to mend it, who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import show, width
from sevlint.errors import UsageError
from sevlint.model import Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sevlint.model import RuleInfo

_SECTIONS = ("Why", "Fix", "Refs")


def add(commands: Any) -> None:
    """Declare the command and its options."""
    explain = commands.add_parser("explain", help="say what a rule checks, why it matters and how to mend it")
    explain.add_argument(
        "rule", metavar="RULE", help="the id of a rule or a log line, such as iommu-passthrough-blocks-snp"
    )
    explain.add_argument("--no-plugins", action="store_true", help="only what this distribution ships")
    explain.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app, select

    offers = app.shelf(third_party=not options.no_plugins)
    infos = {info.id: info for info in (*app.rule_infos(offers), *app.catalogue_infos(offers))}
    pages = {**{name: ("", info.page) for name, info in infos.items()}, **app.card_pages(offers)}
    if options.rule not in pages:
        raise UsageError(f"no rule is called {options.rule!r}{select.suggestion(options.rule, pages)}")
    heading, text = pages[options.rule]
    info = infos.get(options.rule)
    page = [_heading(info) if info is not None else heading, "", *text.split("\n")]
    show("\n".join(_wrapped(page, width())).rstrip("\n") + "\n")
    return 0


def _heading(info: RuleInfo) -> str:
    goals = ", ".join(goal.value for goal in info.goals)
    levels = {severity.value for _, severity in info.severities} or {info.severity.value}
    order = [severity.value for severity in Severity if severity.value in levels]
    return f"{info.id} ({', '.join(order)}; about a {info.about.value}; for {goals})"


def _wrapped(lines: list[str], columns: int) -> Iterator[str]:
    """Paragraphs and sections filled anew; what is indented outside a section is a table or a command and stays."""
    import textwrap

    paragraph: list[str] = []
    hang = ""
    for line in [*lines, ""]:
        starts = line.split(" ", 1)[0] in _SECTIONS
        continues = bool(paragraph) and bool(line.strip()) and not starts and line.startswith(" ") == bool(hang)
        if paragraph and not continues:
            yield from textwrap.wrap(
                " ".join(paragraph), columns, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
            )
            paragraph = []
        if continues:
            paragraph.append(line.strip())
        elif starts:
            word, _, rest = line.partition(" ")
            hang = " " * 7
            paragraph = [f"{word:6} {rest.strip()}"]
        elif line.strip() and not line.startswith(" "):
            hang, paragraph = "", [line]
        else:
            yield line

"""`sevlint explain RULE`: what a rule checks, why it matters, how to mend it, who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import show
from sevlint.errors import UsageError
from sevlint.model import Severity

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Declare the command and its options."""
    explain = commands.add_parser("explain", help="say what a rule checks, why it matters and how to mend it")
    explain.add_argument("rule", metavar="RULE", help="a rule id, such as iommu-passthrough-blocks-snp")
    explain.add_argument("--no-plugins", action="store_true", help="only what this distribution ships")
    explain.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app, select

    offers = app.shelf(third_party=not options.no_plugins)
    infos = {info.id: info for info in app.rule_infos(offers)}
    info = infos.get(options.rule)
    if info is None:
        raise UsageError(f"no rule is called {options.rule!r}{select.suggestion(options.rule, infos)}")
    goals = ", ".join(goal.value for goal in info.goals)
    levels = {severity.value for _, severity in info.severities} or {info.severity.value}
    order = [severity.value for severity in Severity if severity.value in levels]
    show(f"{info.id} ({', '.join(order)}; about a {info.about.value}; for {goals})\n\n{info.page}\n")
    return 0

"""`sevlint ready SNAPSHOT...`: what each host can run now, what blocks the rest, and how many more guests fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import show, tell
from sevlint.errors import UsageError
from sevlint.model import Goal, Settings, Subject

if TYPE_CHECKING:
    import argparse

_GOALS = (Goal.SEV, Goal.SEV_ES, Goal.SEV_SNP)
_EPILOG = """\
exit codes:
  0  every host is ready for every goal, and none is full
  1  one is blocked or full, or it is not known
  2  usage, or an input that could not be read whole or holds no host
"""


def add(commands: Any) -> None:
    """Declare the command and its options."""
    ready = commands.add_parser(
        "ready",
        help="say what hosts can run, what blocks the rest, and how many more guests fit",
        description="For each host and goal: ready, and how many more guests fit; or blocked, where and by what; or "
        "unknown, and what to collect. SNAPSHOT is a host's sosreport, copied tree or bundle.",
        epilog=_EPILOG,
    )
    option = ready.add_argument
    option("paths", metavar="SNAPSHOT", nargs="+", help="a host; several may be named")
    names = [goal.value for goal in _GOALS]
    option("--goal", action="append", choices=names, default=[], help="only this goal; repeatable (default: all)")
    option("--format", choices=("text", "json"), default="text", help="default: text")
    option("--as", dest="treat_as", choices=("host", "guest"), help="what a snapshot is, if sevlint guesses wrong")
    option("--no-plugins", action="store_true", help="only the rules and parsers that this distribution ships")
    ready.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app

    if "" in options.paths:
        raise UsageError("SNAPSHOT: is empty")
    goals = tuple(Goal(name) for name in dict.fromkeys(options.goal)) or _GOALS
    asked = app.CheckOptions(
        paths=tuple(dict.fromkeys(options.paths)),
        settings=Settings(goals=goals, treat_as=Subject(options.treat_as) if options.treat_as else None),
        isolated=True,
    )
    report = app.ready(asked, app.shelf(third_party=not options.no_plugins))
    if report.hosts or report.faults:
        show(app.readiness_text(report, options.format))
    for error in report.errors:
        tell(f"error: {error}")
    return report.exit_code

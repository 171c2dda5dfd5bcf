"""`sevlint rules`: every rule, for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import show

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Declare the command and its options."""
    rules = commands.add_parser("rules", help="list every rule")
    rules.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    rules.add_argument("--no-plugins", action="store_true", help="only what this distribution ships")
    rules.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app

    infos = app.rule_infos(app.shelf(third_party=not options.no_plugins))
    if options.format == "json":
        import msgspec

        show(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode() + "\n")
        return 0
    width = max(len(info.id) for info in infos)
    lines = [f"{info.id:{width}}  {info.severity.value:7}  {info.about.value:6}  {info.title}" for info in infos]
    show("\n".join(lines) + "\n")
    return 0

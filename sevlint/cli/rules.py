"""`sevlint rules`: every rule, or every fact with what stands on it; for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import show

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Declare the command and its options."""
    rules = commands.add_parser("rules", help="list every rule")
    rules.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    rules.add_argument("--by-source", action="store_true", help="for each fact what stands on it")
    rules.add_argument("--no-plugins", action="store_true", help="only what this distribution ships")
    rules.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app

    offers = app.shelf(third_party=not options.no_plugins)
    if options.by_source:
        return _by_source(app.by_source(offers), as_json=options.format == "json")
    infos = app.rule_infos(offers)
    if options.format == "json":
        show(_json(infos))
        return 0
    width = max(len(info.id) for info in infos)
    lines = [
        f"{info.id:{width}}  {info.severity.value:7}  {info.pack:8}  {info.about.value:6}  {info.title}"
        for info in infos
    ]
    show("\n".join(lines) + "\n")
    return 0


def _by_source(found: list[tuple[str, tuple[str, ...]]], *, as_json: bool) -> int:
    if as_json:
        show(_json(dict(found)))
        return 0
    width = max(len(key) for key, _ in found)
    show("\n".join(f"{key:{width}}  {', '.join(names)}" for key, names in found) + "\n")
    return 0


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"

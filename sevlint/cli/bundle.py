"""`sevlint bundle SNAPSHOT -o FILE`: the evidence of a host, small enough to commit, to judge domains against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint.cli.output import check_targets, show, tell, write
from sevlint.errors import UsageError
from sevlint.model import Subject

if TYPE_CHECKING:
    import argparse

_EPILOG = """\
A bundle takes the host's place: `sevlint check vms/ --host node1.yaml`, or `hosts:` in .sevlint.yaml. It is also the
best bug report. Passwords, keys and launch data are taken out; names, addresses and serial numbers are not: read it
before you share it.
"""


def add(commands: Any) -> None:
    """Declare the command and its options."""
    bundle = commands.add_parser(
        "bundle",
        help="write the evidence of a snapshot into one small file",
        description="Write what sevlint reads of a snapshot into one YAML file, without its secrets. SNAPSHOT is a "
        "sosreport, a copied tree or single files of them.",
        epilog=_EPILOG,
    )
    bundle.add_argument("path", metavar="SNAPSHOT", help="a host or guest")
    bundle.add_argument(
        "-o", "--output", metavar="FILE", default="", help="where to write it (default: standard output)"
    )
    bundle.add_argument("--as", dest="treat_as", choices=("host", "guest"), help="what it is, if sevlint guesses wrong")
    bundle.add_argument("--no-plugins", action="store_true", help="only the parsers that this distribution ships")
    bundle.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app

    if not options.path:
        raise UsageError("SNAPSHOT: is empty")
    if options.output:
        check_targets([("bundle", options.output)], [options.path])
    treat_as = Subject(options.treat_as) if options.treat_as else None
    made = app.bundle(options.path, treat_as, app.shelf(third_party=not options.no_plugins))
    if options.output:
        write(options.output, made.text)
        tell(f"{options.output}: {made.files} files, {len(made.text.encode()):,} bytes")
    else:
        show(made.text)
    for error in made.errors:
        tell(f"error: {error}")
    return 2 if made.errors else 0

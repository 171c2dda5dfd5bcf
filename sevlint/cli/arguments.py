"""Words to options: argparse with our words. Nothing is abbreviated, and what is misspelt is told its neighbour."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import Any, NoReturn

from sevlint import __version__, select
from sevlint.cli.output import show
from sevlint.errors import UsageError

_EPILOG = """\
exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  usage, configuration, or an input that could not be read whole
  3  a fault of sevlint itself

sevlint reads what it is given and nothing else: no network, no host commands, nothing written but --output files and,
with --fix, the domain XML that was named.
"""


_COMMANDS = ("check", "ready", "bundle", "explain", "rules")


class _Help(argparse.HelpFormatter):
    """Wraps prose and keeps tables. Given a width, argparse need not import shutil, which costs 2 ms."""

    def __init__(self, prog: str) -> None:
        try:
            width = int(os.environ.get("COLUMNS", "")) or 80
        except ValueError:
            width = os.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 80
        super().__init__(prog, width=max(60, width - 2))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        import textwrap

        return "\n".join(textwrap.fill(line, width, subsequent_indent=_hang(line)) for line in text.splitlines())


def _hang(line: str) -> str:
    """A table's row goes on below its last column, prose at the margin."""
    column = line.rstrip().rfind("  ") + 2
    return " " * column if column > 2 else ""


class _Parser(argparse.ArgumentParser):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"formatter_class": _Help, "allow_abbrev": False, **keywords})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')}\n\nFor more, try `{self.prog} --help`.")

    def check_options(self, words: list[str]) -> None:
        """Refuse an option that does not exist before anything else is said about the words."""
        for word in words[: words.index("--")] if "--" in words else words:
            name = word.partition("=")[0]
            if len(name) > 1 and name.startswith("-") and name not in self._option_string_actions:
                self.error(f"no option is called {name!r}{select.nearest(name, self._option_string_actions)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(one) for one in action.choices]
        near = select.nearest(str(value), known)
        if action.dest == "command":
            self.error(f"no command is called {value!r}{near or '; there are ' + ', '.join(known)}")
        raise argparse.ArgumentError(action, f"{value!r} is not one of {', '.join(known)}{near}")

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            show(message)


def parse(argv: list[str]) -> argparse.Namespace:
    """The options, with the command to `run`. Raises UsageError; ends the process for --help and --version."""
    parser = _Parser(
        prog="sevlint",
        description="Lints and diagnoses confidential virtual machines (AMD SEV, SEV-ES, SEV-SNP; Intel TDX) offline: "
        "from libvirt domain XML, sosreports, copied host trees and logs.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"sevlint {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)
    named = next((word for word in argv if not word.startswith("-")), "")
    # a commit hook pays for every option that is declared: the command that is named is enough
    for name in (named,) if named in _COMMANDS else _COMMANDS:
        importlib.import_module(f"sevlint.cli.{name}").add(commands)
    commands.choices.get(named, parser).check_options(argv)
    options, more = parser.parse_known_args(argv)
    more = [word for word in more if word != "--"]  # argparse leaves a last `--`, and paths behind a later option
    if more and (any(word.startswith("-") for word in more) or not hasattr(options, "paths")):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:
        options.paths += more
    if options.command is None:
        parser.print_help()
        parser.exit(2)
    return options

"""The command line. Thin: words to options, a report to streams, an error to one line and an exit code.

One file a command; each offers `add`, which declares its options, and is run through `options.run`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import Any, NoReturn

from sevlint import __version__
from sevlint.cli import check, explain, rules
from sevlint.errors import RuleDefinitionError, SevlintError, UsageError

_EPILOG = """\
exit codes:
  0  nothing at or above --fail-on        2  usage, configuration or an input that could not be read whole
  1  findings at or above --fail-on       3  a fault of sevlint itself

sevlint reads what it is given and nothing else: no network, no host commands, nothing written but --output files.
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Given a width, argparse need not import shutil, which costs 2 ms."""

    def __init__(self, prog: str) -> None:
        try:
            width = int(os.environ.get("COLUMNS", "")) or 80
        except ValueError:
            width = os.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 80
        super().__init__(prog, width=max(60, width - 2))


class _Parser(argparse.ArgumentParser):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**{"formatter_class": _Help, **keywords})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n\nFor more, try `{self.prog} --help`.")


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code. Never shows a traceback for bad input."""
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except RuleDefinitionError as error:
        _complain(f"{error}\nThis is a fault of a rule or plugin, not of your input.")
        return 3
    except SevlintError as error:
        _complain(str(error))
        return 2
    return code


def _complain(text: str) -> None:
    from sevlint.clean import printable

    sys.stderr.write("error: " + "\n".join(printable(line) for line in text.split("\n")) + "\n")


def _run(argv: list[str]) -> int:
    options = _parser().parse_args(argv)
    if options.command is None:
        _parser().print_help()
        return 2
    command: Any = options.run
    return int(command(options))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="sevlint",
        description="Lints and diagnoses confidential virtual machines (AMD SEV, SEV-ES, SEV-SNP; Intel TDX) offline: "
        "from libvirt domain XML, sosreports, copied host trees and logs.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"sevlint {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)
    for command in (check, explain, rules):
        command.add(commands)
    return parser

"""The command line. Thin: words to options, a report to streams, an error to one line and an exit code.

One file a command; each offers `add`, which declares its options, and is run through `options.run`.
"""

from __future__ import annotations

import gc
import os
import sys

from sevlint.cli.output import discard, tell
from sevlint.errors import RuleDefinitionError, SevlintError, UsageError

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""What a run makes it keeps until its report: looking for garbage after every 700 objects took a sixth of its time."""


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code. Never shows a traceback for bad input."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except SystemExit as finished:  # argparse ends --help and --version so
        return int(finished.code or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        discard(sys.stdout)
        return 141
    except RuleDefinitionError as error:
        _complain(f"{error}\nThis is a fault of a rule or plugin, not of your input.")
        return 3
    except SevlintError as error:
        _complain(str(error))
        return 2
    except Exception as error:
        return _fault(error)


def _run(argv: list[str]) -> int:
    if sys.flags.optimize >= 2:
        raise UsageError("Python runs with -OO or PYTHONOPTIMIZE=2, which strips the rules' pages: unset it, or use 1")
    from sevlint.cli.arguments import parse

    options = parse(argv)
    return int(options.run(options))


def _complain(text: str) -> None:
    from sevlint.clean import printable

    tell("error: " + "\n".join(printable(line) for line in text.split("\n")))


def _fault(error: Exception) -> int:
    """What nobody foresaw, in one line; SEVLINT_DEBUG=1 shows where."""
    from sevlint.clean import mask

    what = mask(" ".join(f"{type(error).__name__}: {error}".split()))
    _complain(f"a fault of sevlint: {what}; please report it, with what SEVLINT_DEBUG=1 adds")
    if os.environ.get("SEVLINT_DEBUG") == "1":
        import traceback

        tell("".join(traceback.format_exception(error)).rstrip())
    return 3

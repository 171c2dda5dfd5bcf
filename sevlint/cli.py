"""The command line. Thin: words to options, a report to streams, an error to one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import Any, NoReturn

from sevlint import __version__
from sevlint.errors import RuleDefinitionError, SevlintError, UsageError
from sevlint.model import Confidence, Goal, Settings, Severity, Subject

_EPILOG = """\
exit codes:
  0  nothing at or above --fail-on        2  usage, configuration or an input that could not be read whole
  1  findings at or above --fail-on       3  a fault of sevlint itself

sevlint reads what it is given and nothing else: no network, no host commands, nothing written but --output files.
"""
_CHECK_EXAMPLES = """\
examples:
  sevlint check sosreport-node1.tar.xz            a host, from the archive as it is
  sevlint check vms/                              a folder of libvirt domain XML
  sevlint check vm.xml --host milan.yaml          one domain, judged against the host it will run on
  sevlint check --goal sev-snp /                  this host, meant for SEV-SNP guests
  sevlint check . --output sarif=sevlint.sarif    text for people, SARIF for code scanning
"""
_SHOWABLE = ("notes", "open", "passed", "consequences")


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
    _add_check(commands)
    explain = commands.add_parser("explain", help="say what a rule checks, why it matters and how to mend it")
    explain.add_argument("rule", metavar="RULE", help="a rule id, such as iommu-passthrough-blocks-snp")
    explain.set_defaults(run=_explain)
    rules = commands.add_parser("rules", help="list every rule")
    rules.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    rules.set_defaults(run=_rules)
    for one in (explain, rules):
        one.add_argument("--no-plugins", action="store_true", help="only what this distribution ships")
    return parser


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="judge hosts, domains and guests",
        description="Judge hosts, domains and guests from files. PATH is a directory, an archive (tar, tar.gz, tar.xz, "
        "tar.bz2), a file, a bundle, or - for standard input; its kind is recognised by content.",
        epilog=_CHECK_EXAMPLES,
    )
    add = check.add_argument
    add("paths", metavar="PATH", nargs="+", help="what to judge; several hosts or folders may be named")
    add("--format", default="text", metavar="FORMAT", help="text, sarif or json on standard output (default: text)")
    add(
        "--output", action="append", default=[], metavar="FORMAT=FILE", help="also write a format to a file; repeatable"
    )
    goals = [goal.value for goal in Goal]
    add("--goal", action="append", choices=goals, default=[], help="judge what is named as meant for this; repeatable")
    add("--host", default="", metavar="SNAPSHOT", help="judge the domains against this host")
    add("--guest", action="append", default=[], metavar="NAME=PATH", help="a guest's dmesg or tree, tied to a domain")
    add("--as", dest="treat_as", choices=("host", "guest"), help="what a snapshot is, if sevlint guesses wrong")
    add("--select", action="append", default=[], metavar="RULES", help="only these rules or packs (comma list)")
    add("--ignore", action="append", default=[], metavar="RULES", help="all but these rules or packs (comma list)")
    levels = ("error", "warning", "note", "never")
    add(
        "--fail-on",
        choices=levels,
        default="",
        help="the level from which findings make exit code 1 (default: warning)",
    )
    add("--min-confidence", choices=("low", "medium", "high"), default="low", help="hide less certain findings")
    add("--strict", action="store_true", help="a rule that could not decide counts as a finding for the exit code")
    add("--show", action="append", default=[], metavar="WHAT", help=f"also show {', '.join(_SHOWABLE)} (comma list)")
    add("--sarif-kinds", choices=("fail", "all"), default="fail", help="all: passes and open verdicts in SARIF too")
    add("--config", default="", metavar="FILE", help="use this configuration instead of the nearest .sevlint.yaml")
    add("--isolated", action="store_true", help="read no configuration file")
    add("--no-plugins", action="store_true", help="only the rules and parsers that this distribution ships")
    check.set_defaults(run=_check)


def _words(values: list[str]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _check(options: argparse.Namespace) -> int:
    from sevlint import app

    show = frozenset(_words(options.show))
    for word in sorted(show - set(_SHOWABLE)):
        raise UsageError(f"--show: {word!r} is not one of {', '.join(_SHOWABLE)}")
    if options.config and options.isolated:
        raise UsageError("--config and --isolated exclude each other")
    treat_as = Subject(options.treat_as) if options.treat_as else None
    outputs = [_pair(text, "--output", "FORMAT=FILE") for text in options.output]
    formats = {options.format, *(name for name, _ in outputs)}
    settings = Settings(
        goals=tuple(Goal(goal) for goal in dict.fromkeys(options.goal)),
        select=_words(options.select),
        ignore=_words(options.ignore),
        min_confidence=Confidence(options.min_confidence),
        show=show,
        treat_as=treat_as,
        strict=options.strict,
        places_of_passes=formats != {"text"} or "passed" in show,
    )
    asked = app.CheckOptions(
        paths=tuple(dict.fromkeys(options.paths)),
        settings=settings,
        host=options.host,
        guests=tuple(_pair(text, "--guest", "NAME=PATH") for text in options.guest),
        fail_on=options.fail_on,
        config=options.config,
        isolated=options.isolated,
    )
    offers = app.shelf(third_party=not options.no_plugins)
    for name in (options.format, *(name for name, _ in outputs)):
        if name not in offers.reporters():
            raise UsageError(f"no format is called {name!r}; there are {', '.join(sorted(offers.reporters()))}")
    checked = app.check(asked, offers)
    for name, path in outputs:
        _write(path, app.to_text(checked.report, _options_of(name, show, options.sarif_kinds), offers, name))
    if options.format == "text" and _is_terminal():
        app.show_on_terminal(checked.report, show)
    else:
        _print(
            app.to_text(checked.report, _options_of(options.format, show, options.sarif_kinds), offers, options.format)
        )
    for remark in checked.remarks:
        sys.stderr.write(f"{remark}\n")
    for error in checked.errors:
        sys.stderr.write(f"error: {error}\n")
    return checked.exit_code


def _options_of(name: str, show: frozenset[str], kinds: str) -> dict[str, Any]:
    if name == "text":
        return {"show": show}
    return {"all_kinds": kinds == "all"} if name == "sarif" else {}


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name or not value:
        raise UsageError(f"{option}: {text!r} is not of the form {form}")
    return name, value


def _is_terminal() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str) -> None:
    """UTF-8 whatever the locale: the same input gives the same bytes."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def _write(path: str, text: str) -> None:
    """Written whole or not at all: a temporary file beside it takes its place."""
    import tempfile

    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(prefix=".sevlint-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"--output: cannot write {path}: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _explain(options: argparse.Namespace) -> int:
    from sevlint import app, select

    offers = app.shelf(third_party=not options.no_plugins)
    infos = {info.id: info for info in app.rule_infos(offers)}
    info = infos.get(options.rule)
    if info is None:
        raise UsageError(f"no rule is called {options.rule!r}{select.suggestion(options.rule, infos)}")
    goals = ", ".join(goal.value for goal in info.goals)
    levels = {severity.value for _, severity in info.severities} or {info.severity.value}
    order = [severity.value for severity in Severity if severity.value in levels]
    _print(f"{info.id} ({', '.join(order)}; about a {info.about.value}; for {goals})\n\n{info.page}\n")
    return 0


def _rules(options: argparse.Namespace) -> int:
    from sevlint import app

    infos = app.rule_infos(app.shelf(third_party=not options.no_plugins))
    if options.format == "json":
        import msgspec

        _print(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode() + "\n")
        return 0
    width = max(len(info.id) for info in infos)
    lines = [f"{info.id:{width}}  {info.severity.value:7}  {info.about.value:6}  {info.title}" for info in infos]
    _print("\n".join(lines) + "\n")
    return 0

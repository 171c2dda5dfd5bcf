"""`sevlint check PATH...`: judge hosts, domains and guests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevlint import select
from sevlint.cli.output import check_targets, is_terminal, show, tell, write
from sevlint.errors import UsageError
from sevlint.model import Confidence, Goal, Settings, Subject

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from sevlint.app import CheckOptions

_CHECK_EXAMPLES = """\
examples:
  sevlint check sosreport-node1.tar.xz            a host, from the archive as it is
  sevlint check vms/                              a folder of libvirt domain XML
  sevlint check vm.xml --host milan.yaml          one domain, judged against the host it will run on
  sevlint check --goal sev-snp /                  this host, meant for SEV-SNP guests
  sevlint check . --output sarif=sevlint.sarif    text for people, SARIF for code scanning
  sevlint check vms/ --diff | git apply           the same as --fix, after a look
"""
_JOBS_DIGITS = 3
_SHOWABLE = ("notes", "open", "passed", "consequences")


def add(commands: Any) -> None:
    """Declare the command and its options."""
    check = commands.add_parser(
        "check",
        help="judge hosts, domains and guests",
        description="Judge hosts, domains and guests from files. PATH is a directory, an archive (tar, tar.gz, tar.xz, "
        "tar.bz2), a file, a bundle, or - for standard input; its kind is recognised by content.",
        epilog=_CHECK_EXAMPLES,
    )
    option = check.add_argument
    option("paths", metavar="PATH", nargs="+", help="what to judge; several hosts or folders may be named")
    option("--format", default="text", metavar="FORMAT", help="text, sarif or json on standard output (default: text)")
    option(
        "--output", action="append", default=[], metavar="FORMAT=FILE", help="also write a format to a file; repeatable"
    )
    goals = [goal.value for goal in Goal]
    option(
        "--goal", action="append", choices=goals, default=[], help="judge what is named as meant for this; repeatable"
    )
    option("--host", action="append", default=[], metavar="SNAPSHOT", help="judge the domains against this host")
    option(
        "--guest", action="append", default=[], metavar="NAME=PATH", help="a guest's dmesg or tree, tied to a domain"
    )
    option("--as", dest="treat_as", choices=("host", "guest"), help="what a snapshot is, if sevlint guesses wrong")
    option("--select", action="append", default=[], metavar="RULES", help="only these rules or packs (comma list)")
    option("--ignore", action="append", default=[], metavar="RULES", help="all but these rules or packs (comma list)")
    levels = ("error", "warning", "note", "never")
    option(
        "--fail-on",
        choices=levels,
        default="",
        help="the level from which findings make exit code 1 (default: warning)",
    )
    option("--min-confidence", choices=("low", "medium", "high"), default="low", help="hide less certain findings")
    option("--strict", action="store_true", help="a rule that could not decide counts as a finding for the exit code")
    option("--show", action="append", default=[], metavar="WHAT", help=f"also show {', '.join(_SHOWABLE)} (comma list)")
    option("--fix", action="store_true", help="change domain XML files where that is safe, and report what is left")
    option(
        "--diff",
        action="store_true",
        help="show what --fix would change instead of the report; exit code 1 if there is something",
    )
    option("--unsafe-fixes", action="store_true", help="with these: also what needs a look, or drops a comment")
    option(
        "--sarif-kinds",
        choices=("fail", "suppressed", "all"),
        default="fail",
        help="suppressed: what is suppressed in SARIF too; all: also passes and open verdicts",
    )
    option("--config", default=None, metavar="FILE", help="use this configuration instead of the nearest .sevlint.yaml")
    option("--isolated", action="store_true", help="read no configuration file")
    option(
        "--jobs",
        default="auto",
        metavar="N",
        help="processes that work at a time; auto (or 0): the CPUs, where that gains time (default: auto)",
    )
    option("--no-plugins", action="store_true", help="only the rules and parsers that this distribution ships")
    check.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from sevlint import app

    outputs = [_pair(text, "--output", "FORMAT=FILE") for text in options.output]
    asked = _asked(options, {options.format, *(name for name, _ in outputs)})
    offers = app.shelf(third_party=not options.no_plugins)
    _check_formats((options.format, *(name for name, _ in outputs)), offers.reporters())
    check_targets(outputs, (*asked.paths, asked.host, asked.config, *(path for _, path in asked.guests)))
    checked = app.check(asked, offers)
    failures = []
    for name, path in outputs:
        try:
            write(path, app.to_text(checked.report, _options_of(name, options), offers, name))
        except UsageError as error:
            failures.append(str(error))
    try:
        if options.diff:
            show(app.printable_diff(checked.diff) if is_terminal() else checked.diff)
        elif options.format == "text" and is_terminal():
            app.show_on_terminal(checked.report, asked.settings.show)
        else:
            show(app.to_text(checked.report, _options_of(options.format, options), offers, options.format))
    except UsageError as error:
        failures.append(str(error))
    for remark in checked.remarks:
        tell(remark)
    for failure in (*checked.errors, *failures):
        tell(f"error: {failure}")
    return max(checked.exit_code, 2) if failures else checked.exit_code


def _asked(options: argparse.Namespace, formats: set[str]) -> CheckOptions:
    """The options as the composition root takes them. Raises UsageError for what excludes itself or is empty."""
    from sevlint import app

    shown = frozenset(_words(options.show, "--show"))
    for word in sorted(shown - set(_SHOWABLE)):
        near = select.nearest(word, _SHOWABLE)
        raise UsageError(f"--show: {word!r} is not one of {', '.join(_SHOWABLE)}{near}")
    if options.config is not None and options.isolated:
        raise UsageError("--config and --isolated exclude each other")
    if options.fix and options.diff:
        raise UsageError("--fix and --diff exclude each other: --diff changes nothing")
    if options.unsafe_fixes and not (options.fix or options.diff):
        raise UsageError("--unsafe-fixes goes with --fix or --diff")
    if options.diff and options.format != "text":
        raise UsageError(f"--diff takes the report's place on standard output; --output {options.format}=FILE keeps it")
    if len(options.host) > 1:
        raise UsageError("--host: one host can be lent in a run; judge the domains once for each host")
    for name, values in (("--host", options.host), ("--config", [options.config]), ("PATH", options.paths)):
        if "" in values:
            raise UsageError(f"{name}: is empty")
    settings = Settings(
        goals=tuple(Goal(goal) for goal in dict.fromkeys(options.goal)),
        select=_words(options.select, "--select"),
        ignore=_words(options.ignore, "--ignore"),
        min_confidence=Confidence(options.min_confidence),
        show=shown,
        treat_as=Subject(options.treat_as) if options.treat_as else None,
        strict=options.strict,
        all_passes="json" in formats or "passed" in shown or options.sarif_kinds == "all",
        places_of_notes=formats != {"text"} or "notes" in shown or options.fix or options.diff,
        line_hashes=formats != {"text"},
        replacements=formats != {"text"},
    )
    return app.CheckOptions(
        paths=tuple(dict.fromkeys(options.paths)),
        settings=settings,
        host=options.host[0] if options.host else "",
        guests=tuple(_pair(text, "--guest", "NAME=PATH") for text in options.guest),
        fail_on=options.fail_on,
        config=options.config or "",
        isolated=options.isolated,
        fix=options.fix,
        diff=options.diff,
        unsafe_fixes=options.unsafe_fixes,
        jobs=_jobs(options.jobs),
        third_party=not options.no_plugins,
    )


def _jobs(text: str) -> int | None:
    """A number of processes, None for as many as there are CPUs."""
    if text in ("auto", "0"):
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _JOBS_DIGITS:
        return max(int(text), 1)
    raise UsageError(f"--jobs: {text!r} is no number of processes from 1 to 999, nor auto")


def _words(values: list[str], option: str) -> tuple[str, ...]:
    words = tuple(word.strip() for value in values for word in value.split(",") if word.strip())
    if values and not words:
        raise UsageError(f"{option}: names nothing")
    return words


def _check_formats(names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            near = select.nearest(name, known)
            raise UsageError(f"no format is called {name!r}; there are {', '.join(sorted(known))}{near}")


def _options_of(name: str, options: argparse.Namespace) -> dict[str, Any]:
    if name == "text":
        return {"show": frozenset(_words(options.show, "--show"))}
    if name == "sarif":
        return {"all_kinds": options.sarif_kinds == "all", "suppressed": options.sarif_kinds == "suppressed"}
    return {}


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name or not value:
        raise UsageError(f"{option}: {text!r} is not of the form {form}")
    return name, value

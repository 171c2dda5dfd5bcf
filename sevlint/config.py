"""`.sevlint.yaml`: the nearest one, upward from the file to the repository's root. Nothing is merged implicitly.

The file may come from a stranger's repository: it can hide findings (the summary counts them) and nothing else.
"""

from __future__ import annotations

import os
from typing import Any

from msgspec import Struct

from sevlint.errors import UsageError
from sevlint.model import Severity
from sevlint.select import suggestion

NAME = ".sevlint.yaml"
_LIMIT = 1024 * 1024
_KEYS = ("fail-on", "ignore", "select", "severity")
_LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTE}


class Config(Struct, frozen=True):
    """What a configuration file says; `path` is "" where there is none. `fail_on` is "" where it says nothing."""

    path: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    fail_on: str = ""


def find(path: str) -> str:
    """The configuration file that holds for an input, or "". Looks no higher than the repository's root."""
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while True:
        candidate = os.path.join(folder, NAME)
        if os.path.isfile(candidate):
            return candidate
        parent = os.path.dirname(folder)
        if os.path.exists(os.path.join(folder, ".git")) or parent == folder:
            return ""
        folder = parent


def read(path: str) -> Config:
    """Read a configuration file. Raises UsageError with one clear line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_LIMIT + 1)
        if len(text) > _LIMIT:
            raise UsageError(f"{path}: larger than 1 MiB, which no configuration is")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise UsageError(f"{path}: YAML aliases are not allowed here")
        content = yaml.load(text, Loader=loader)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        problem = getattr(error, "problem", None) or "cannot be decoded"
        raise UsageError(f"{where}: not valid YAML: {problem}") from error
    if content is None:
        return Config(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path}: must be a mapping of keys such as `ignore: [rule-id]`")
    for key in content:
        if key not in _KEYS:
            raise UsageError(f"{path}: unknown key {str(key)!r}{suggestion(str(key), _KEYS).split('; `')[0]}")
    return Config(
        path,
        _names(path, content, "select"),
        _names(path, content, "ignore"),
        _severities(path, content.get("severity")),
        _fail_on(path, content.get("fail-on")),
    )


def _names(path: str, content: dict[str, Any], key: str) -> tuple[str, ...]:
    value = content.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{path}: {key} must be a list of rule ids, such as `{key}: [policy-allows-debug]`")
    return tuple(value)


def _severities(path: str, value: Any) -> tuple[tuple[str, Severity], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{path}: severity must map rule ids to error, warning or note")
    for rule, level in value.items():
        if level not in _LEVELS:
            raise UsageError(f"{path}: severity of {rule}: {level!r} is not error, warning or note")
    return tuple((rule, _LEVELS[level]) for rule, level in sorted(value.items()))


def _fail_on(path: str, value: Any) -> str:
    if value is None:
        return ""
    if value not in (*_LEVELS, "never"):
        raise UsageError(f"{path}: fail-on: {value!r} is not error, warning, note or never")
    return str(value)

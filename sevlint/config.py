"""`.sevlint.yaml`: the nearest one, upward from the file to the repository's root. Nothing is merged implicitly.

The file may come from a stranger's repository: it can hide and regrade findings (the summary counts them) and nothing
else. Its scalars are read as they are written: a rule is no number, a level no date.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sevlint.errors import UsageError
from sevlint.model import Place, Severity, Suppression
from sevlint.select import nearest
from sevlint.suppress import is_date

if TYPE_CHECKING:
    from collections.abc import Collection

NAME = ".sevlint.yaml"
_LIMIT = 1024 * 1024
_KEYS = ("fail-on", "ignore", "select", "severity", "suppress")
_SUPPRESS_KEYS = ("domain", "host", "path", "reason", "rule", "until")
_LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTE}
_LIMITS = (*_LEVELS, "never")


class Config(Struct, frozen=True):
    """What a configuration file says; `path` is "" where there is none. `fail_on` is "" where it says nothing."""

    path: str = ""
    location: str = ""
    """Where it is on disk, whatever it is called."""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    fail_on: str = ""
    suppress: tuple[Suppression, ...] = ()


class _Mapping(dict[str, Any]):
    """A mapping that knows its line."""

    line = 0


class Finder:
    """The nearest configuration of a folder; each folder is looked at once in a run."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def find(self, folder: str) -> str:
        """The file that holds in an absolute folder, or "". Looks no higher than the repository's root."""
        asked = []
        while folder not in self._known:
            asked.append(folder)
            candidate, parent = os.path.join(folder, NAME), os.path.dirname(folder)
            if os.path.isfile(candidate):
                self._known[folder] = candidate
            elif parent == folder or os.path.exists(os.path.join(folder, ".git")):
                self._known[folder] = ""
            else:
                folder = parent
        found = self._known[folder]
        self._known.update(dict.fromkeys(asked, found))
        return found


def folder_of(path: str) -> str:
    """The absolute folder of an input: itself, or the one that the file is in."""
    absolute = os.path.abspath(path)
    return absolute if os.path.isdir(absolute) else os.path.dirname(absolute)


def shown(path: str) -> str:
    """A file below the repository that it is in: the same words wherever the repository stands. "" outside of one."""
    root = os.path.dirname(path)
    while not os.path.exists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return ""
        root = parent
    return os.path.relpath(path, root).replace(os.sep, "/")


def read(path: str, label: str) -> Config:
    """Read a configuration file, called `label` in messages. Raises UsageError with one clear line."""
    content = _content(path, label)
    if content == "":
        return Config(label)
    if not isinstance(content, dict):
        raise UsageError(f"{label}: must be a mapping of keys such as `ignore: [rule-id]`")
    for key in content:
        if key not in _KEYS:
            near = nearest(key, _KEYS) or f"; there are {', '.join(_KEYS)}"
            raise UsageError(f"{label}: unknown key {key!r}{near}")
    return Config(
        label,
        path,
        _names(label, content, "select"),
        _names(label, content, "ignore"),
        _severities(label, content.get("severity", "")),
        _fail_on(label, content.get("fail-on", "")),
        _suppressions(label, content.get("suppress", "")),
    )


def _content(path: str, label: str) -> Any:
    """The YAML as texts, lists and mappings of texts; "" where there is nothing."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_LIMIT + 1)
        if len(text) > _LIMIT:
            raise UsageError(f"{label}: larger than 1 MiB, which no configuration is")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise UsageError(f"{label}: YAML aliases are not allowed here")
        node = yaml.compose(text, Loader=loader)
        return "" if node is None else _plain(node, label)
    except OSError as error:
        raise UsageError(f"{label}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{label}: not UTF-8 (at byte {error.start + 1})") from error
    except RecursionError as error:
        raise UsageError(f"{label}: nested too deeply for a configuration") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{label}:{mark.line + 1}" if mark else label
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        raise UsageError(f"{where}: not valid YAML: {problem}") from error


def _plain(node: Any, label: str) -> Any:
    if node.id == "scalar":
        return node.value
    if node.id == "sequence":
        return [_plain(one, label) for one in node.value]
    made = _Mapping()
    made.line = node.start_mark.line + 1
    for key, value in node.value:
        where = f"{label}:{key.start_mark.line + 1}"
        if key.id != "scalar":
            raise UsageError(f"{where}: a key must be a word")
        if key.value in made:
            raise UsageError(f"{where}: {key.value!r} stands here a second time")
        made[key.value] = _plain(value, label)
    return made


def _names(label: str, content: dict[str, Any], key: str) -> tuple[str, ...]:
    value = content.get(key, "")
    if value == "":
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{label}: {key} must be a list of rules or packs, such as `{key}: [policy-allows-debug]`")
    return tuple(value)


def _severities(label: str, value: Any) -> tuple[tuple[str, Severity], ...]:
    if value == "":
        return ()
    if not isinstance(value, dict):
        raise UsageError(f"{label}: severity must map rules or packs to error, warning or note")
    return tuple((rule, _LEVELS[_level(label, f"severity of {rule}", of, _LEVELS)]) for rule, of in value.items())


def _fail_on(label: str, value: Any) -> str:
    return "" if value == "" else _level(label, "fail-on", value, _LIMITS)


def _suppressions(label: str, value: Any) -> tuple[Suppression, ...]:
    if value == "":
        return ()
    if not isinstance(value, list) or not all(isinstance(one, _Mapping) for one in value):
        raise UsageError(f"{label}: suppress must be a list of entries such as `{{rule: rule-id, reason: why}}`")
    return tuple(_suppression(label, one) for one in value)


def _suppression(label: str, entry: _Mapping) -> Suppression:
    where = f"{label}:{entry.line}"
    for key, value in entry.items():
        if key not in _SUPPRESS_KEYS:
            near = nearest(key, _SUPPRESS_KEYS) or f"; there are {', '.join(_SUPPRESS_KEYS)}"
            raise UsageError(f"{where}: unknown key {key!r} in suppress{near}")
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{where}: {key} of suppress must be a text")
    for key in ("rule", "reason"):
        if key not in entry:
            raise UsageError(f"{where}: suppress needs a {key}")
    until = entry.get("until", "")
    if until and not is_date(until):
        raise UsageError(f"{where}: until: {until!r} is no date; write it as YYYY-MM-DD")
    globs = {key: entry.get(key, "") for key in ("host", "domain", "path")}
    place = Place(label, entry.line)
    return Suppression(place, (entry["rule"],), entry["reason"].strip(), until, external=True, **globs)


def _level(label: str, key: str, value: Any, known: Collection[str]) -> str:
    *most, last = known
    if not isinstance(value, str):
        raise UsageError(f"{label}: {key} must be {', '.join(most)} or {last}")
    if value not in known:
        raise UsageError(f"{label}: {key}: {value!r} is not {', '.join(most)} or {last}{nearest(value, known)}")
    return value

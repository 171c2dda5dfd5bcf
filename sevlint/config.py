"""`.sevlint.yaml`: the nearest one, upward from the file to the repository's root. Nothing is merged implicitly.

The file may come from a stranger's repository: it can hide and regrade findings (the summary counts them) and nothing
else. Its scalars are read as they are written: a rule is no number, a level no date.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sevlint.errors import UsageError
from sevlint.model import Expectation, Goal, Place, Severity, Suppression, Target
from sevlint.select import nearest
from sevlint.suppress import is_date

if TYPE_CHECKING:
    from collections.abc import Collection

    from pathspec import GitIgnoreSpec

NAME = ".sevlint.yaml"
_LIMIT = 1024 * 1024
_KEYS = ("exclude", "expect", "fail-on", "hosts", "ignore", "select", "severity", "suppress", "target")
_EXPECT_KEYS = ("files", "goal", "require", "min-abi")
_REQUIRE = ("no-debug", "no-key-sharing", "no-migration", "no-smt", "single-socket")
_TARGET_KEYS = ("libvirt", "qemu", "kernel", "cpu")
_CPUS = ("naples", "rome", "milan", "genoa", "bergamo", "siena", "turin")
_VERSION = re.compile(r"(?:>=\s*)?([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})")
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
    folder: str = ""
    """The absolute folder that its globs start from."""
    exclude: tuple[str, ...] = ()
    expect: tuple[tuple[tuple[str, ...], Expectation], ...] = ()
    """(globs, what is demanded of the domains there): the first that matches counts."""
    hosts: tuple[tuple[str, str], ...] = ()
    """(glob, the snapshot of the host that these domains will run on, an absolute path)."""
    target: Target | None = None
    suppress: tuple[Suppression, ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether a walk passes over an absolute path."""
        return bool(self.exclude) and matches(self.exclude, self._below(path))

    def expects(self, path: str) -> Expectation | None:
        """What is demanded of the domains in a file."""
        below = self._below(path)
        return next((one for globs, one in self.expect if matches(globs, below)), None)

    def host_of(self, path: str) -> str:
        """The snapshot of the host that the domains in a file will run on, or ""."""
        below = self._below(path)
        return next((host for glob, host in self.hosts if matches((glob,), below)), "")

    def _below(self, path: str) -> str:
        return os.path.relpath(path, self.folder).replace(os.sep, "/")


def matches(globs: tuple[str, ...], path: str) -> bool:
    """Whether a path below the configuration's folder is one of these globs', read as .gitignore reads them."""
    return not path.startswith("../") and bool(_spec(globs).match_file(path))


@lru_cache(maxsize=256)
def _spec(globs: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(globs)


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
    root = _repository(os.path.dirname(path), "")
    return os.path.relpath(path, root).replace(os.sep, "/") if root else ""


def read(path: str, label: str) -> Config:
    """Read a configuration file, called `label` in messages. Raises UsageError with one clear line."""
    content = _content(path, label)
    if content == "":
        return Config(label)
    if not isinstance(content, dict):
        raise UsageError(f"{label}: must be a mapping of keys such as `ignore: [rule-id]`")
    _check_keys(label, content, _KEYS)
    return Config(
        label,
        path,
        _names(label, content, "select"),
        _names(label, content, "ignore"),
        _severities(label, content.get("severity", "")),
        _fail_on(label, content.get("fail-on", "")),
        os.path.dirname(os.path.abspath(path)),
        _globs(label, "exclude", content.get("exclude", "")),
        _expectations(label, content.get("expect", "")),
        _hosts(path, label, content.get("hosts", "")),
        _target(label, content.get("target", "")),
        _suppressions(label, content.get("suppress", "")),
    )


def _check_keys(label: str, content: dict[str, Any], known: Collection[str], where: str = "") -> None:
    for key in content:
        if key not in known:
            near = nearest(key, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"{label}: {where}unknown key {key!r}{near}")


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


def _globs(label: str, key: str, value: Any) -> tuple[str, ...]:
    """A glob or a list of them, which start at the configuration's folder."""
    globs = [value] if isinstance(value, str) and value else value or []
    if not isinstance(globs, list) or not all(isinstance(one, str) and one for one in globs):
        raise UsageError(f'{label}: {key} must be a glob or a list of globs, such as `{key}: ["prod/**/*.xml"]`')
    if any(one.startswith("!") for one in globs):
        raise UsageError(f"{label}: {key}: a glob that begins with ! has no meaning here")
    try:
        _spec(tuple(globs))
    except ValueError as error:
        raise UsageError(f"{label}: {key}: {error}") from error
    return tuple(globs)


def _expectations(label: str, value: Any) -> tuple[tuple[tuple[str, ...], Expectation], ...]:
    if value == "":
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(f'{label}: expect must be a list, such as `- {{files: "prod/**/*.xml", goal: sev-snp}}`')
    return tuple(_expectation(label, number, one) for number, one in enumerate(value, 1))


def _expectation(label: str, number: int, entry: dict[str, Any]) -> tuple[tuple[str, ...], Expectation]:
    where = f"expect, entry {number}: "
    _check_keys(label, entry, _EXPECT_KEYS, where)
    globs = _globs(label, f"{where}files", entry.get("files", ""))
    if not globs or "goal" not in entry:
        raise UsageError(f"{label}: {where}needs both files and goal")
    goal = Goal(_level(label, f"{where}goal", entry["goal"], [one.value for one in Goal]))
    require = entry.get("require", "") or []
    if not isinstance(require, list):
        raise UsageError(f"{label}: {where}require must be a list, such as `require: [no-debug]`")
    words = tuple(_level(label, f"{where}require", one, _REQUIRE) for one in require)
    abi = _version(label, f"{where}min-abi", entry.get("min-abi", ""))
    if abi and len(abi) != 2:
        raise UsageError(f'{label}: {where}min-abi must be a major and a minor number, such as `min-abi: "1.55"`')
    return globs, Expectation(goal, words, (abi[0], abi[1]) if abi else None)


def _version(label: str, key: str, value: Any) -> tuple[int, ...]:
    """ "10.5" or ">=10.5" as numbers; () where nothing is said."""
    if value == "":
        return ()
    found = _VERSION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UsageError(f'{label}: {key}: {value!r} is no version such as "10.5" or ">=10.5"')
    return tuple(int(part) for part in found.group(1).split("."))


def _target(label: str, value: Any) -> Target | None:
    if value == "":
        return None
    if not isinstance(value, dict):
        raise UsageError(f'{label}: target must be a mapping, such as `target: {{libvirt: ">=10.5", cpu: milan}}`')
    _check_keys(label, value, _TARGET_KEYS, "target: ")
    libvirt, qemu, kernel = (_version(label, f"target: {key}", value.get(key, "")) for key in _TARGET_KEYS[:3])
    cpu = _level(label, "target: cpu", value["cpu"], _CPUS) if value.get("cpu") else ""
    return Target(libvirt, qemu, kernel, cpu)


def _hosts(path: str, label: str, value: Any) -> tuple[tuple[str, str], ...]:
    """The snapshots, below the repository that the configuration is in: a stranger's file opens nothing else."""
    if value == "":
        return ()
    if not isinstance(value, dict) or not all(isinstance(one, str) and one for one in value.values()):
        raise UsageError(
            f'{label}: hosts must map globs to snapshots, such as `hosts: {{"prod/**": hosts/milan.yaml}}`'
        )
    folder = os.path.dirname(os.path.abspath(path))
    root = os.path.realpath(_repository(folder, folder))
    found = []
    for glob, host in value.items():
        _globs(label, "hosts", glob)
        where = os.path.join(folder, host)
        if os.path.isabs(host) or os.path.commonpath([root, os.path.realpath(where)]) != root:
            raise UsageError(f"{label}: hosts: {host} is not below the repository")
        found.append((glob, where))
    return tuple(found)


def _repository(folder: str, otherwise: str) -> str:
    """The root of the repository that a folder is in."""
    root = folder
    while not os.path.exists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return otherwise
        root = parent
    return root

"""What a sosreport's manifest says of the outputs it holds (snapshots 1.4 to 1.6).

A command that ran into its time limit leaves what it had printed until then, without a mark in the file; only the
manifest tells. Every field is optional: 4.0 and 4.1 write few, and 3.x writes no manifest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sevlint.model import Completeness

_TIMED_OUT = 124
"""The exit status of timeout(1), under which sos runs its commands."""


class _Command(msgspec.Struct):
    filepath: Any = None
    return_code: Any = None
    truncated: Any = None


class _Plugin(msgspec.Struct):
    commands: list[_Command] = []


class _Report(msgspec.Struct):
    plugins: dict[str, _Plugin] = {}


class _Components(msgspec.Struct):
    report: _Report = msgspec.field(default_factory=_Report)


class _Manifest(msgspec.Struct):
    components: _Components = msgspec.field(default_factory=_Components)


def incomplete_outputs(data: bytes) -> dict[str, Completeness]:
    """Path of an output -> why it is not whole. Empty for a manifest that cannot be read: it is no evidence itself."""
    try:
        manifest = msgspec.json.decode(data, type=_Manifest)
    except (msgspec.DecodeError, RecursionError):
        return {}
    found: dict[str, Completeness] = {}
    for plugin in manifest.components.report.plugins.values():
        for command in plugin.commands:
            if not isinstance(command.filepath, str):
                continue
            if command.return_code == _TIMED_OUT:
                found[command.filepath.lstrip("/")] = Completeness.TIMED_OUT
            elif command.truncated is True:
                found[command.filepath.lstrip("/")] = Completeness.TAIL_ONLY
    return found

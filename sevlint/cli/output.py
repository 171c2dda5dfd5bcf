"""To standard output, standard error and files: UTF-8 whatever the locale, a file whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO, TextIO

from sevlint import files
from sevlint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """The columns that prose may take: those of the terminal, at most 100; 100 in a pipe."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns if is_terminal() else 100
    except (OSError, ValueError):
        columns = 100
    return max(40, min(columns or 100, 100))


def show(text: str | bytes) -> None:
    """UTF-8 whatever the locale: the same input gives the same bytes. Raises UsageError where it cannot be written."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.flush()
        _write_all(sys.stdout.buffer, data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(sys.stdout)
        raise UsageError(f"standard output: {error.strerror or error}") from error


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """All of it, or OSError: unbuffered (PYTHONUNBUFFERED) a stream writes what fits, and says how much."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def tell(line: str) -> None:
    """A line for standard error. Where that is closed or full it is lost, and the exit code is what it would be."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        discard(sys.stderr)


def discard(stream: TextIO | None) -> None:
    """What is still in the stream's buffer goes nowhere: at exit Python would try again, and exit with 120."""
    if stream is None:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


def check_targets(targets: Iterable[tuple[str, str]], inputs: Iterable[str]) -> None:
    """That each (format, file) can be written and is nobody else's. Raises UsageError, before anything is judged."""
    read = {os.path.realpath(path): path for path in inputs if path not in ("", "-")}
    taken: set[str] = set()
    for form, path in targets:
        if path == "-" or _is_standard_output(path):
            raise UsageError(f"--output: {form}={path} is standard output; --format {form} writes there")
        real = os.path.realpath(path)
        if real in taken:
            raise UsageError(f"--output: {path} is named twice")
        if real in read:
            raise UsageError(f"--output: {path} is an input, and would be overwritten")
        taken.add(real)
        _check_writable(path, real)


def _is_standard_output(path: str) -> bool:
    """A file or pipe that standard output goes to as well: one would overwrite the other."""
    try:
        there, here = os.stat(path), os.fstat(1)
    except (OSError, ValueError):
        return False
    return os.path.samestat(there, here) and (stat.S_ISREG(there.st_mode) or stat.S_ISFIFO(there.st_mode))


def _check_writable(path: str, real: str) -> None:
    folder = os.path.dirname(real)
    why = ""
    if os.path.isdir(path):
        why = "it is a directory"
    elif _is_special(path):
        why = "" if os.access(path, os.W_OK) else "permission denied"
    elif not os.path.isdir(folder):
        why = f"there is no directory {os.path.dirname(path) or folder}"
    elif not os.access(folder, os.W_OK | os.X_OK):
        why = f"no files can be made in {os.path.dirname(path) or folder}"
    if why:
        raise UsageError(f"--output: cannot write {path}: {why}")


def _is_special(path: str) -> bool:
    """A device, pipe or socket: it is written to; to put a file in its place would destroy it."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def write(path: str, text: str) -> None:
    """A file is written whole or not at all: a temporary file beside it takes its place. Raises UsageError."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        if _is_special(path):
            with open(path, "wb") as special:
                special.write(data)
        else:
            files.replace(path, data)
    except OSError as error:
        raise UsageError(f"--output: cannot write {path}: {error.strerror or error}") from error

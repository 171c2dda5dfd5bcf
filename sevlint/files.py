"""Files on disk: one is written whole or not at all (a temporary file beside it takes its place); repositories."""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def replace(path: str, data: bytes) -> None:
    """Write a file, through a link to the file behind it, with its mode and owner. Raises OSError."""
    import tempfile

    path = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(prefix=".sevlint-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _keep(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _keep(path: str, temporary: str) -> None:
    """The mode and, where we may, the owner of the file that is replaced; else the mode of a new file."""
    try:
        there = os.stat(path)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        return
    mine = os.stat(temporary)
    if (there.st_uid, there.st_gid) != (mine.st_uid, mine.st_gid):
        with suppress(OSError):  # whoever may write in the folder need not be the owner
            os.chown(temporary, there.st_uid, there.st_gid)
    os.chmod(temporary, stat.S_IMODE(there.st_mode))


def git_root(path: str) -> str:
    """The folder with `.git` at or above a path, or ""."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder

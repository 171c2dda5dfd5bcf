"""`python -m sevlint`."""

import os
import sys


def _leave_the_working_directory() -> None:
    """`-m` puts it first on the import path, and nothing of it may be imported (a repository is not trusted)."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    if sys.path and sys.path[0] in ("", here):
        del sys.path[0]


_leave_the_working_directory()

from sevlint.cli import main  # noqa: E402

if __name__ == "__main__":  # a process of --jobs may import it under another name
    sys.exit(main())

"""`python -m sevlint`."""

import sys

from sevlint.cli import main

sys.exit(main())

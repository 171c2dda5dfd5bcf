"""Hypothesis: the same examples on every run of the suite; `HYPOTHESIS_PROFILE=explore` looks for new ones.

The collector of garbage is asked as seldom as the command line asks it.
"""

import gc
import os

from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
gc.set_threshold(100_000, 10, 10)

"""The engine: sources -> Snapshot -> Outcomes -> Report. It knows no rule by name.

`collect` turns inputs into subjects with evidence, `judge` calls every rule once for each subject (view, goal),
`report` raises what is wanted, folds consequences under their causes and sorts.
"""

from sevlint.engine.collecting import Input, Site, collect, lend
from sevlint.engine.judging import Outcome, judge
from sevlint.engine.reporting import Edits, Hidden, report, spans_of
from sevlint.engine.snapshot import Loaded, Made, Node, Registry, Snapshot
from sevlint.engine.suppressing import Entries, Suppressor, has_comments, tells_of_suppressions

__all__ = [
    "Edits",
    "Entries",
    "Hidden",
    "Input",
    "Loaded",
    "Made",
    "Node",
    "Outcome",
    "Registry",
    "Site",
    "Snapshot",
    "Suppressor",
    "collect",
    "has_comments",
    "judge",
    "lend",
    "report",
    "spans_of",
    "tells_of_suppressions",
]

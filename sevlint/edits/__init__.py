"""Changes of domain XML, byte for byte: what no change touches stays as it is in the file.

`document` finds the elements in a file's bytes, `xml` makes splices of changes; `diff`, which is imported by itself,
shows what became of a file.
"""

from sevlint.edits.document import Document
from sevlint.edits.xml import Patch, Splice, loses_comment, replacements, splices

__all__ = ["Document", "Patch", "Splice", "loses_comment", "replacements", "splices"]

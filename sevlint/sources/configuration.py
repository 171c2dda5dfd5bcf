"""A configuration of which something is to be said: its entries are quoted like evidence."""

from __future__ import annotations

from sevlint.sources.base import File, Source, Wanted


class ConfigurationSource(Source):
    """`label` is the configuration as messages call it, `location` where it is on disk."""

    kind = "configuration"

    def __init__(self, label: str, location: str, number: int) -> None:
        super().__init__(label, number)
        self.location = location

    def load(self, wanted: Wanted | None = None) -> None:
        """Its text, for quoting; without it a line number must do. Nothing is wanted of it."""
        try:
            with open(self.location, "rb") as file:
                self.files[self.label] = File(self.label, file.read())
        except OSError:
            return

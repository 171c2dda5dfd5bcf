"""sevlint: a static linter and offline diagnostician for confidential virtual machines."""

__version__ = "0.1.0"

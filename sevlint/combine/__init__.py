"""Readings and facts -> one fact: several places that say the same thing become one truth (architecture 1)."""

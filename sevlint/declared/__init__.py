"""Rules written as YAML: they compile to the same Rule as Python ones."""

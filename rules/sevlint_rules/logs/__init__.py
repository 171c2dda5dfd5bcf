"""Log cards that are findings, evidence of a rule, or harmless: one file for each program that prints them."""

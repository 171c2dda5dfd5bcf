"""Log lines that sevlint knows: cards, the scanner that finds them, and the rules that raise them."""

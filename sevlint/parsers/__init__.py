"""One file of evidence -> one reading or fact. Pure: text in, values with their places out."""

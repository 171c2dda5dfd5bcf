"""Can this machine do it? CPU, BIOS traces, RMP, ASIDs, SEV firmware."""

"""Each reporter is a pure function of the Report."""

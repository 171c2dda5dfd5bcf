"""Where bytes come from: a directory, an archive, one file, standard input, a bundle. Knows nothing of CPUs."""

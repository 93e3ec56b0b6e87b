"""The openworld command-line program."""

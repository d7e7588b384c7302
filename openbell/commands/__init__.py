"""Commands: those of the command line that are more than a line, one file a command, named like it."""

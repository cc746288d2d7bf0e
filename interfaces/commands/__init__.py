"""The command line, one file for each noun; loaded by the command that is called."""

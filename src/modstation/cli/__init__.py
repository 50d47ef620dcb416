"""The command line: one module a command or a family of them, imported when it is asked for."""

"""The command line. Modules here import nothing heavy at their top: a remote command has to start at once."""

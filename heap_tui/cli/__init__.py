"""The command line: parses, calls, prints, exits; no logic of its own."""

"""The command line: parses arguments, prints results, and ends with an exit code.

For: reading files, the environment and the clock; asking questions; printing results for people and for programs.

Not for: the meaning, rendering or checks of a request. A command parses its arguments, calls the library, and prints the
result. All other code belongs in the library.

A command's module is imported only when the command runs (:mod:`goldenpath.cli.root_command`), so that `--help` is fast.
"""

from goldenpath.cli.root_command import main

__all__ = ["main"]

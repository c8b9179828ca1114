"""The command line: arguments in, text out, an exit code.

For: reading files and the clock at the edge, asking questions, showing results to people and to programs.

Not for: what a request means, what is rendered or what is wrong with it. A command parses its arguments, calls
one of the library's verbs and shows what came back; whatever else needs code belongs below.

A command's module is imported when that command runs, and not before (:mod:`goldenpath.cli.root_command`): only click
may be imported by this package, by ``app`` and by ``command``.
"""

from goldenpath.cli.root_command import main

__all__ = ["main"]

"""The Jinja2 syntax of golden paths.

``goldenpath.render`` uses these settings, and ``cookiecutter.json`` repeats them for the cookiecutter CLI.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SYNTAX"]

SYNTAX: Final[dict[str, Any]] = {
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "block_start_string": "[%",
    "block_end_string": "%]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
    "trim_blocks": True,
    "lstrip_blocks": True,
}
"""Square brackets, because manifests contain SPIFFE's ``{{ }}``, Flux's ``${}`` and Backstage's ``${{ }}``."""

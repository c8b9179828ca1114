"""The Jinja2 syntax of golden paths: settings that every engine of them needs.

Our own engine takes them, and ``cookiecutter.json`` carries them, so that the plain cookiecutter CLI reads
the same language.
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
"""Square brackets, since SPIFFE's ``{{ }}``, Flux's ``${}`` and Backstage's ``${{ }}`` are in the manifests."""

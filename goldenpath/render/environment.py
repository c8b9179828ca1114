"""The environment of a golden path's templates: its filters, and what they may touch."""

from __future__ import annotations

import re
from typing import Any, Final

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from goldenpath import kubeyaml
from goldenpath.paths.syntax import SYNTAX

__all__ = ["FILTERS", "new_environment"]


def block(value: Any, indent: int = 0) -> str:
    """A mapping or list as YAML block lines, indented, without a newline at the end."""
    return kubeyaml.dump(value, indent=indent).rstrip("\n")


_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def markdown(value: str) -> str:
    """Text in which Markdown and HTML find nothing to act on."""
    return _MARKDOWN_SPECIAL.sub(lambda match: f"&#{ord(match[0])};" if match[0] in "<>&" else f"\\{match[0]}", value)


FILTERS: Final = {"yaml": kubeyaml.scalar, "block": block, "markdown": markdown}
"""``yaml``: one scalar, quoted where that is needed. ``block``: a structure. ``markdown``: inert text."""


def new_environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """A sandboxed environment: templates see values, never code, and every unknown name is an error."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, auto_reload=False, **SYNTAX
    )
    environment.filters.update(FILTERS)
    return environment

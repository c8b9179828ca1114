"""The environment of a golden path's templates: its filters, and what they may touch."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from jinja2 import BaseLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from goldenpath import kubeyaml
from goldenpath.paths.syntax import SYNTAX
from goldenpath.spec.quantities import canonical_quantity

__all__ = ["FILTERS", "new_environment"]


def block(value: Any, indent: int = 0) -> str:
    """A mapping or list as YAML block lines, indented, without a newline at the end."""
    return kubeyaml.dump(value, indent=indent).rstrip("\n")


_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


@lru_cache(maxsize=1 << 12)
def markdown(value: str) -> str:
    """Text in which Markdown and HTML find nothing to act on."""
    return _MARKDOWN_SPECIAL.sub(
        lambda match: f"&#{ord(match[0])};" if match[0] in "<>&" else f"\\{match[0]}", value
    )


# A tenant's files say the same few hundred words again and again. `typed`: 1, 1.0 and true are not the same.
yaml_scalar = lru_cache(maxsize=1 << 16, typed=True)(kubeyaml.scalar)


@lru_cache(maxsize=1 << 12)
def quantity(value: Any) -> str:
    """A Kubernetes quantity as one scalar, written as the API server writes it."""
    return kubeyaml.scalar(canonical_quantity(str(value)))


FILTERS: Final = {"yaml": yaml_scalar, "block": block, "markdown": markdown, "quantity": quantity}
"""``yaml``: one scalar, quoted where that is needed. ``block``: a structure. ``markdown``: inert text. ``quantity``: an
amount of something, as the API server writes it."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, without the work that its answers do not need.

    Whether an attribute is safe follows from the type of the object and the attribute's name alone, and asking
    costs more than all the rest of rendering. Only "safe" is remembered, and never for a string's methods,
    which the sandbox wraps.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._safe: set[tuple[type, str]] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        key = (type(obj), attribute)
        if key in self._safe:
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return super().getattr(obj, attribute)
        value = super().getattr(obj, attribute)
        if (
            hasattr(obj, attribute)
            and not isinstance(obj, str)
            and self.is_safe_attribute(obj, attribute, value)
        ):
            self._safe.add(key)
        return value

    def getitem(self, obj: Any, argument: str | Any) -> Any:
        # What `map(attribute="name")` asks: Jinja tries `obj["name"]` first, and fails, on an object as on a mapping.
        if type(argument) is str and not hasattr(obj, "__getitem__"):
            return self.getattr(obj, argument)
        return super().getitem(obj, argument)


def new_environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """A sandboxed environment: templates see values, never code, and every unknown name is an error."""
    environment = _Sandbox(
        loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, auto_reload=False, **SYNTAX
    )
    environment.filters.update(FILTERS)
    return environment

"""The Jinja environment of templates: its filters and its sandbox."""

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
    """Return a mapping or list as indented YAML block lines, without a newline at the end."""
    return kubeyaml.dump(value, indent=indent).rstrip("\n")


_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


@lru_cache(maxsize=1 << 12)
def markdown(value: str) -> str:
    """Escape a text, so that Markdown and HTML show it as it is."""
    return _MARKDOWN_SPECIAL.sub(
        lambda match: f"&#{ord(match[0])};" if match[0] in "<>&" else f"\\{match[0]}", value
    )


# The files of a tenant repeat a few hundred scalars. `typed` keeps 1, 1.0 and true apart.
yaml_scalar = lru_cache(maxsize=1 << 16, typed=True)(kubeyaml.scalar)


@lru_cache(maxsize=1 << 12)
def quantity(value: Any) -> str:
    """Return a Kubernetes quantity as a YAML scalar in the API server's canonical form."""
    return kubeyaml.scalar(canonical_quantity(str(value)))


FILTERS: Final = {"yaml": yaml_scalar, "block": block, "markdown": markdown, "quantity": quantity}


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a cache of safe attributes.

    The type of an object and the name of an attribute alone decide whether the attribute is safe, and Jinja's check
    costs more than all other work of rendering. The cache holds only the answer "safe", and never methods of strings,
    because the sandbox wraps those.
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
        # `map(attribute="name")` comes here: Jinja would first try `obj["name"]`, which fails on a plain object.
        if type(argument) is str and not hasattr(obj, "__getitem__"):
            return self.getattr(obj, argument)
        return super().getitem(obj, argument)


def new_environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """Return a sandboxed environment. Templates see values and no code, and an unknown name is an error."""
    environment = _Sandbox(
        loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, auto_reload=False, **SYNTAX
    )
    environment.filters.update(FILTERS)
    return environment

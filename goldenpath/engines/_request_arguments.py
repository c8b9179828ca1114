"""The arguments of an engine that a request may set."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError

__all__ = ["request_arguments"]

_FILE = "request_arguments.yaml"


@cache
def request_arguments(engine: str) -> tuple[str, ...]:
    """Return the names without leading dashes; empty for an engine that the file does not name.

    Raises:
        DataError: the file is invalid.
    """
    try:
        document = kubeyaml.load(
            (files("goldenpath.engines") / _FILE).read_text(encoding="utf-8"), name=_FILE
        )
        return tuple(map(str, document.get(engine, ())))
    except (OSError, UnicodeDecodeError, InputError, AttributeError, TypeError) as error:
        raise DataError(f"engines/{_FILE}: cannot be read: {error}") from error

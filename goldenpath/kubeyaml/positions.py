"""Where a field stands in a text that was read: for messages, which name a line that a person can go to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import yaml

from goldenpath.kubeyaml._read import split

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Positions"]

_Loader: Final[Any] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class Positions:
    """The lines of the fields of a text.

    The text must have been read by this package before: that is where depth and size are limited.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _documents(self) -> tuple[tuple[int, Any], ...]:
        return tuple(self._read())

    def _read(self) -> Iterator[tuple[int, Any]]:
        for first_line, part in split(self._text, "<input>"):
            try:
                node = yaml.compose(part, Loader=_Loader)
            except yaml.YAMLError:
                return
            if node is not None and node.tag != "tag:yaml.org,2002:null":
                yield first_line, node

    def line_of(self, path: str, *, document: int = 0) -> int | None:
        """The line (from 1) of a field such as ``gpus[1].quota``, or of the nearest field above it that is there.

        Args:
            path: as problems and findings name fields; empty is the document itself.
            document: which of the documents that are not empty, from 0.

        Returns:
            None where there is no such document.

        """
        if document >= len(self._documents):
            return None
        first_line, node = self._documents[document]
        line = node.start_mark.line
        while path:
            step = _step(node, path)
            if step is None:
                break
            line, node, path = step
        return int(first_line + line + 1)


def _step(node: Any, path: str) -> tuple[int, Any, str] | None:
    """The line and value of the path's first step, and the rest of the path."""
    if isinstance(node, yaml.MappingNode):
        # Keys may hold dots themselves, so the longest that fits is meant.
        fitting = [(key, value) for key, value in node.value if _starts_with(path, str(key.value))]
        if fitting:
            key, value = max(fitting, key=lambda pair: len(pair[0].value))
            return key.start_mark.line, value, path[len(key.value) :].removeprefix(".")
    elif isinstance(node, yaml.SequenceNode) and path.startswith("["):
        index, _, rest = path[1:].partition("]")
        if index.isdecimal() and int(index) < len(node.value):
            value = node.value[int(index)]
            return value.start_mark.line, value, rest.removeprefix(".")
    return None


def _starts_with(path: str, key: str) -> bool:
    return path.startswith(key) and path[len(key) : len(key) + 1] in {"", ".", "["}

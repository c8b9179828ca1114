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
        self._keys: dict[int, dict[str, tuple[Any, Any]]] = {}
        """The keys and values of each mapping that was looked into, by the key's text: a hundred problems look a hundred times."""

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
            step = self._step(node, path)
            if step is None:
                break
            line, node, path = step
        return int(first_line + line + 1)

    def _step(self, node: Any, path: str) -> tuple[int, Any, str] | None:
        """The line and value of the path's first step, and the rest of the path."""
        if isinstance(node, yaml.MappingNode):
            keys = self._keys_of(node)
            # Keys may hold dots themselves, so the longest that fits is meant.
            for end in range(len(path), -1, -1):
                if path[end : end + 1] in {"", ".", "["} and path[:end] in keys:
                    key, value = keys[path[:end]]
                    return key.start_mark.line, value, path[end:].removeprefix(".")
        elif isinstance(node, yaml.SequenceNode) and path.startswith("["):
            index, _, rest = path[1:].partition("]")
            if index.isdecimal() and int(index) < len(node.value):
                value = node.value[int(index)]
                return value.start_mark.line, value, rest.removeprefix(".")
        return None

    def _keys_of(self, node: Any) -> dict[str, tuple[Any, Any]]:
        if id(node) not in self._keys:
            self._keys[id(node)] = {str(key.value): (key, value) for key, value in reversed(node.value)}
        return self._keys[id(node)]

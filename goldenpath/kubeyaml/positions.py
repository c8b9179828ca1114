"""Finds the line of a field in a text, for messages that name the line."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import yaml

from goldenpath.kubeyaml._read import nodes

__all__ = ["Positions"]


class Positions:
    """The lines of the fields of a text.

    This package must have read the text before, because only the reader limits depth and size.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[int, dict[str, tuple[Any, Any]]] = {}
        """Keys and values of mappings, by the id of the node and the text of the key; a cache for many problems."""

    @cached_property
    def _documents(self) -> tuple[tuple[int, Any], ...]:
        return tuple(nodes(self._text))

    def line_of(self, path: str, *, document: int = 0) -> int | None:
        """Return the line (from 1) of a field such as ``gpus[1].quota``, or of the nearest existing field above it.

        Args:
            path: the path in a problem or finding; empty for the document itself.
            document: index among the documents that are not empty, from 0.

        Returns:
            None where the document does not exist.

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
        """Return the line and value of the path's first step, and the rest of the path."""
        if isinstance(node, yaml.MappingNode):
            keys = self._keys_of(node)
            # Keys may have dots themselves, so the longest matching key is taken.
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

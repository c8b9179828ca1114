"""Moves fields in a text that a person wrote, line by line, and keeps comments around and inside them.

The result may be wrong where the text does not use block style. The caller compares the result with the wanted values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.kubeyaml._read import LOADER
from goldenpath.kubeyaml._write import scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["move_field", "rename_field"]


def rename_field(text: str, path: Sequence[str], name: str) -> str:
    """Rename a field."""
    key, _ = _field(text, path)
    return text[: key.start_mark.index] + scalar(name) + text[key.end_mark.index :]


def move_field(text: str, path: Sequence[str], to: Sequence[str]) -> str:
    """Move a field to another path, with the comments inside it."""
    key, node = _field(text, path)
    lines, start, end = _lines(text), key.start_mark.line, _last_line(node) + 1
    column = key.start_mark.column
    block = [line.rstrip("\n")[column:] if line.strip() else "" for line in lines[start:end]]
    block[0] = scalar(to[-1]) + block[0][key.end_mark.column - column :]
    return _inserted("".join([*lines[:start], *lines[end:]]), list(to[:-1]), block)


def _inserted(text: str, parents: list[str], block: list[str]) -> str:
    """Insert the lines of a field at the end of a mapping."""
    lines = _lines(text)
    known = len(parents)
    while known and not _exists(text, parents[:known]):
        known -= 1
    for name in reversed(parents[known:]):
        block = [f"{scalar(name)}:", *(f"  {line}" if line else line for line in block)]
    if known:
        _, node = _field(text, parents[:known])
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            raise ValueError("not a block mapping")
        column, at = node.value[0][0].start_mark.column, _last_line(node) + 1
    else:
        column, at = 0, _last_line(_root(text)) + 1
    added = [f"{' ' * column}{line}\n" if line else "\n" for line in block]
    return "".join([*lines[:at], *added, *lines[at:]])


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines


def _last_line(node: Any) -> int:
    """Return the last line of a value. The end mark itself is after the comments that follow the value."""
    while isinstance(node, yaml.MappingNode | yaml.SequenceNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def _root(text: str) -> Any:
    node = yaml.compose(text, Loader=LOADER)
    if isinstance(node, yaml.MappingNode):
        return node
    raise LookupError("no mapping")


def _field(text: str, path: Sequence[str]) -> tuple[Any, Any]:
    """Return the nodes of a field's key and value."""
    node = _root(text)
    key = None
    for name in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next((pair for pair in pairs if pair[0].value == name), None)
        if found is None:
            raise LookupError(name)
        key, node = found
    return key, node


def _exists(text: str, path: Sequence[str]) -> bool:
    try:
        _field(text, path)
    except LookupError:
        return False
    return True

"""Moving fields in what a person wrote, line by line, so that comments around them and in them stay.

Each function gives a text that may not say what is meant where the text has another style than blocks: the caller
compares it with the values that are wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from goldenpath.kubeyaml._write import scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["move_field", "rename_field"]

_Loader: Final[Any] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def rename_field(text: str, way: Sequence[str], name: str) -> str:
    """Another name for a field at the same place."""
    key, _ = _field(text, way)
    return text[: key.start_mark.index] + scalar(name) + text[key.end_mark.index :]


def move_field(text: str, way: Sequence[str], to: Sequence[str]) -> str:
    """A field at another place, with the comments inside it."""
    lines, (start, end), column = _block(text, way)
    key, _ = _field(text, way)
    taken = [line.rstrip("\n")[column:] if line.strip() else "" for line in lines[start:end]]
    taken[0] = scalar(to[-1]) + taken[0][key.end_mark.column - key.start_mark.column :]
    return _inserted("".join([*lines[:start], *lines[end:]]), list(to[:-1]), taken)


def _inserted(text: str, parents: list[str], block: list[str]) -> str:
    """The text with the lines of a field at the end of a mapping."""
    lines = _lines(text)
    known = len(parents)
    while known and not _is_there(text, parents[:known]):
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


def _block(text: str, way: Sequence[str]) -> tuple[list[str], tuple[int, int], int]:
    """All lines, the first and the line after the last of a field, and the column where it begins."""
    key, node = _field(text, way)
    return _lines(text), (key.start_mark.line, _last_line(node) + 1), key.start_mark.column


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines


def _last_line(node: Any) -> int:
    """The last line with something of a value on it; an end mark is behind the comments that follow."""
    while isinstance(node, yaml.MappingNode | yaml.SequenceNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def _root(text: str) -> Any:
    node = yaml.compose(text, Loader=_Loader)
    if isinstance(node, yaml.MappingNode):
        return node
    raise LookupError("no mapping")


def _field(text: str, way: Sequence[str]) -> tuple[Any, Any]:
    """The nodes of a field's key and value."""
    node = _root(text)
    key = None
    for name in way:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next((pair for pair in pairs if pair[0].value == name), None)
        if found is None:
            raise LookupError(name)
        key, node = found
    return key, node


def _is_there(text: str, way: Sequence[str]) -> bool:
    try:
        _field(text, way)
    except LookupError:
        return False
    return True

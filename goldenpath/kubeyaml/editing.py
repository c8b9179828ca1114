"""Changes fields in a text that a person wrote, and keeps the rest of the text, including comments.

Each change is a splice of the text at the positions that libyaml reports. The result is read back and compared with the
expected value. A text that cannot be changed this way is refused, and never damaged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from goldenpath.errors import MISSING, InputError
from goldenpath.kubeyaml._read import load, nodes
from goldenpath.kubeyaml._write import dump, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["edited", "with_change"]

_FIX: Final = "write this field without braces, anchors or tags, or change it by hand"

Location = tuple[str | int, ...]


def edited(text: str, changes: Iterable[tuple[Location, Any]], *, name: str = "<input>") -> str:
    """Return the text with some of its fields changed.

    Args:
        text: a YAML document.
        changes: locations and their new values, applied in order; :data:`~goldenpath.errors.MISSING` removes a field.
            Missing mappings above a field are created, and the index after the last entry of a list adds an entry.
        name: named in problems.

    Raises:
        InputError: the text is not YAML, or a field cannot be changed without rewriting the text.
    """
    for location, value in changes:
        document = load(text, name=name)
        wanted = with_change(document, location, value)
        if _same(document, wanted):
            continue
        changed = _changed_text(text, location, value, wanted, name)
        if changed is None:
            steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
            message = f"cannot be changed in the form in which it is written; {_FIX}"
            raise InputError.of("".join(steps).lstrip("."), "not-editable", message, file=name)
        text = changed
    return text


def with_change(document: Any, location: Location, value: Any) -> Any:
    """Return a copy of a document with one change, which defines the result of :func:`edited`.

    Raises:
        InputError: the location does not exist: it is inside a scalar, or after the end of a list.
    """
    if not location:
        return value
    step, rest = location[0], location[1:]
    if document is None:
        document = [] if isinstance(step, int) else {}
    if isinstance(document, dict) and isinstance(step, str):
        return _with_field(document, step, rest, value)
    if isinstance(document, list) and isinstance(step, int) and 0 <= step <= len(document):
        return _with_entry(document, step, rest, value)
    path = ".".join(map(str, location))
    raise InputError.of(path, "no-such-place", f"does not exist in the document: {step!r}")


def _with_field(document: dict[str, Any], step: str, rest: Location, value: Any) -> dict[str, Any]:
    if value is MISSING and (not rest or document.get(step) is None):
        return {key: known for key, known in document.items() if rest or key != step}
    return {**document, step: with_change(document.get(step), rest, value)}


def _with_entry(document: list[Any], step: int, rest: Location, value: Any) -> list[Any]:
    before, after = document[:step], document[step + 1 :]
    if value is MISSING and (not rest or step == len(document)):
        return document if rest else [*before, *after]
    return [*before, with_change(document[step] if step < len(document) else None, rest, value), *after]


def _changed_text(text: str, location: Location, value: Any, wanted: Any, name: str) -> str | None:
    """Return the changed text; None where no splice gives the wanted document.

    Where the value itself cannot be spliced, the value around it is replaced as a whole, if it has no comment inside.
    """
    while True:
        changed = _spliced(text, location, value)
        if changed is not None and _reads_as(changed, wanted, name):
            return changed
        if len(location) < 2:  # noqa: PLR2004 - the whole document is never rewritten
            return None
        location = location[:-1]
        value = _value_at(wanted, location)
        if value is MISSING or "#" in _source(text, location):
            return None


def _reads_as(text: str, wanted: Any, name: str) -> bool:
    try:
        return _same(load(text, name=name), wanted)
    except InputError:
        return False


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal, whatever the order of keys. 1, 1.0 and true are different values."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _value_at(document: Any, location: Location) -> Any:
    for step in location:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return document


def _source(text: str, location: Location) -> str:
    """Return the source text of a value; ``#`` where it is unknown."""
    found = _Place.find(text, location)
    if found is None or found.rest or found.node is None:
        return "#"
    return text[found.begin(found.node) : found.end(found.node)]


@dataclass(slots=True)
class _Place:
    """The deepest existing node on the path to a location."""

    text: str
    offset: int
    node: Any
    parent: Any
    key: Any
    step: str | int | None
    rest: Location

    @classmethod
    def find(cls, text: str, location: Location) -> _Place | None:
        """Find the node in the only document of a text; None where libyaml cannot, or where an alias is on the path."""
        offset, root = _root(text)
        if root is None:
            return None
        place = cls(text, offset, root, None, None, None, location)
        while place.rest:
            found = _child(place.node, place.rest[0])
            if found is None:
                return place
            key, node = found
            if key is not None and node.start_mark.index < key.end_mark.index:
                return None  # an alias, whose value is elsewhere in the text
            if node.start_mark.index < place.node.start_mark.index:
                return None
            place = cls(text, offset, node, place.node, key, place.rest[0], place.rest[1:])
        return place

    def begin(self, node: Any) -> int:
        """Return the position of a node's first character."""
        return self.offset + int(node.start_mark.index)

    def end(self, node: Any) -> int:
        """Return the end of a node's own characters. For libyaml, a block ends where the next one begins."""
        if isinstance(node, yaml.ScalarNode) or node.flow_style:
            stop = self.offset + int(node.end_mark.index)
            if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
                start = self.begin(node)
                stop = start + len(self.text[start:stop].rstrip())
            return stop
        if not node.value:
            return self.begin(node)
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (None, last)
        stop = self.end(value)
        return stop if key is None else max(stop, self.after_colon(key))

    def after_colon(self, key: Any) -> int:
        """Return the first position for the value of a key."""
        return self.text.find(":", self.offset + int(key.end_mark.index)) + 1

    def line_end(self, at: int) -> int:
        """Return the position after the line break of a position's line."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1


def _root(text: str) -> tuple[int, Any]:
    first_line, node = next(nodes(text), (0, None))
    return len("".join(text.splitlines(keepends=True)[:first_line])), node


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next(((key, value) for key, value in node.value if str(key.value) == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def _spliced(text: str, location: Location, value: Any) -> str | None:
    """Return the text with one splice for a change. The caller checks the result."""
    place = _Place.find(text, location)
    if place is None:
        return None
    if value is MISSING:
        return None if place.rest or place.parent is None else _removed(place)
    if not place.rest:
        return None if place.parent is None else _replaced(place, value)
    step, *deeper = place.rest
    for inner in reversed(deeper):
        value = [value] if isinstance(inner, int) else {inner: value}
    if isinstance(place.node, yaml.ScalarNode):
        new = [value] if isinstance(step, int) else {step: value}
        return None if place.parent is None else _replaced(place, new)
    return _added(place, step, value)


def _replaced(place: _Place, value: Any) -> str:
    text, node, key = place.text, place.node, place.key
    start, stop = place.begin(node), place.end(node)
    in_flow = bool(place.parent.flow_style)
    inline = isinstance(node, yaml.ScalarNode) or bool(node.flow_style)
    is_empty = isinstance(node, yaml.ScalarNode) and start == stop
    is_flow = not isinstance(node, yaml.ScalarNode) and bool(node.flow_style)
    if in_flow or is_flow or (inline and not _is_block(value)):
        new = _flow(value, getattr(node, "style", None))
        return f"{text[:start]}{' ' if is_empty else ''}{new}{text[stop:]}"
    if key is None:
        column = node.start_mark.column
        return text[:start] + _block(value, column).lstrip(" ").removesuffix("\n") + text[stop:]
    start = place.after_colon(key)
    column = key.start_mark.column
    if not _is_block(value):
        return f"{text[:start]} {_flow(value)}{text[max(start, stop) :]}"
    lines = _block({"k": value}, column).partition(":")[2]
    return text[:start] + lines.removesuffix("\n") + text[max(start, stop) :]


def _added(place: _Place, step: str | int, value: Any) -> str | None:
    text, node = place.text, place.node
    if isinstance(node, yaml.MappingNode) is isinstance(step, int):
        return None
    if isinstance(step, int) and step != len(node.value):
        return None
    new = [value] if isinstance(step, int) else {step: value}
    if node.flow_style:
        if not node.value and place.parent is not None and not place.parent.flow_style:
            return _expanded(place, new)
        inner = _flow(new)[1:-1]
        last = place.end(_last(node)) if node.value else place.begin(node) + 1
        return f"{text[:last]}{', ' if node.value else ''}{inner}{text[last:]}"
    at = place.line_end(place.end(node))
    line_break = "" if text[:at].endswith("\n") else "\n"
    return text[:at] + line_break + _block(new, node.start_mark.column) + text[at:]


def _expanded(place: _Place, value: Any) -> str:
    """Replace an empty ``{}`` or ``[]`` by a block."""
    text, key = place.text, place.key
    if key is None:
        return (
            text[: place.begin(place.node)]
            + _block(value, place.node.start_mark.column).lstrip(" ").removesuffix("\n")
            + text[place.end(place.node) :]
        )
    start, stop = place.after_colon(key), place.end(place.node)
    lines = _block({"k": value}, key.start_mark.column).partition(":")[2]
    rest = text[stop : place.line_end(stop)]
    if rest.strip().startswith("#"):
        # A comment after the braces stays on the line of the key.
        comment = rest.rstrip("\n")
        return text[:start] + comment + lines.removesuffix("\n") + text[stop + len(comment) :]
    return text[:start] + lines.removesuffix("\n") + text[stop:]


def _removed(place: _Place) -> str | None:
    text, parent = place.text, place.parent
    entries = [entry if isinstance(entry, tuple) else (entry, entry) for entry in parent.value]
    if len(entries) == 1:
        return _emptied(place)
    number = next(at for at, (_, node) in enumerate(entries) if node is place.node)
    first, last = entries[number]
    following = place.begin(entries[number + 1][0]) if number + 1 < len(entries) else None
    if parent.flow_style:
        if following is not None:
            return text[: place.begin(first)] + text[following:]
        return text[: place.end(entries[number - 1][1])] + text[max(place.end(last), place.end(first)) :]
    end = place.end(last)
    if place.key is not None:
        end = max(end, place.after_colon(place.key))
    start = place.begin(first)
    line = place.line_start(start)
    lead = text[line:start]
    if isinstance(parent, yaml.SequenceNode):
        lead = lead.rstrip().removesuffix("-")
    if not lead.strip():
        return text[:line] + text[place.line_end(end) :]
    # The first key of an entry is on the line of the dash.
    return None if following is None else text[:start] + text[following:]


def _emptied(place: _Place) -> str | None:
    """Remove the only entry of a list or mapping."""
    text, parent = place.text, place.parent
    start, stop = place.begin(parent), place.end(parent)
    empty = "{}" if isinstance(parent, yaml.MappingNode) else "[]"
    before = text[:start].rstrip(" ")
    if parent.flow_style or not before.endswith("\n"):
        return text[:start] + empty + text[stop:]
    # For a block below its key, `{}` or `[]` comes after the key, and comments between key and block stay.
    lines = before.removesuffix("\n").split("\n")
    at = next((at for at in reversed(range(len(lines))) if lines[at].partition("#")[0].strip()), 0)
    key = lines[at].partition(" #")[0].rstrip()
    if not key.endswith(":"):
        return None
    lines[at] = f"{key} {empty}{lines[at][len(key) :].rstrip()}"
    return "\n".join(lines) + text[stop:]


def _last(node: Any) -> Any:
    last = node.value[-1]
    return last[1] if isinstance(last, tuple) else last


def _is_block(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) and bool(value)


def _block(value: Any, column: int) -> str:
    return dump(value, indent=column)


def _flow(value: Any, style: str | None = None) -> str:
    """Write a value on one line. Text keeps the style of its old quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    new = scalar(value)
    if isinstance(value, str) and style == "'" and "'" not in value and "\\" not in new:
        return f"'{value}'"
    return f'"{new}"' if isinstance(value, str) and style == '"' and not new.startswith('"') else new

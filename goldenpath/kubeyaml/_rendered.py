"""A fast reader of text that goldenpath itself rendered.

It reads line by line the small part of block YAML that templates and ``dump`` write: mappings, sequences, one-line
scalars, flat flow collections and ``|`` blocks. It resolves plain scalars with the same function as the exact reader. A
document outside that part is read by the exact reader, so both readers return the same values. The meaning of each line
is cached, because lines recur from tenant to tenant.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from goldenpath.kubeyaml._read import MAX_DEPTH, load_all, load_document, split
from goldenpath.kubeyaml._scalars import json_number, resolve_plain
from goldenpath.kubeyaml._shape_cache import ShapeCache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load_rendered"]

_REMEMBERED_LINES: Final = 16_384
_MAX_CHARS: Final = 32 * 1024
"""The longest document for the fast reader, several times the output of any template. It bounds the caches."""
_DASH: Final = len("- ")

# These characters have no special meaning inside a plain scalar. A colon or a space must have one of them behind it.
# The possessive quantifiers avoid backtracking.
_SOLID: Final = r"[A-Za-z0-9_./@%+=~();'$^-]"
_PLAIN: Final = rf"(?:[A-Za-z0-9_./+~(]|-(?=[A-Za-z0-9_./+-]))(?:{_SOLID}++|(?::|\ ++)(?={_SOLID}))*+"
_QUOTED: Final = r'"(?:[^"\\]|\\["\\nrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*"'
_KEY: Final = r'[A-Za-z](?:[A-Za-z0-9_./-]|:(?=[A-Za-z0-9_./-])){0,250}|"[^"\\]{0,250}"'
_FLOW_ITEM: Final = rf"{_PLAIN}|{_QUOTED}"

_LINE: Final = re.compile(rf"(\ *)((?:-\ )*)(?:({_KEY}):(?:\ +(.+))?|(.+))", re.ASCII)
_BEFORE: Final = re.compile(rf"(\ *)((?:-\ )*)({_KEY})", re.ASCII)
_VALUE: Final = re.compile(
    rf"(?:({_PLAIN})|({_QUOTED})|(\[.*\])|(\{{.*\}})|(\|-?)|(?=\#))(?:(?:^|\ +)\#.*)?", re.ASCII
)
_FLOW_SEQUENCE: Final = re.compile(rf"\[(?:(?:{_FLOW_ITEM})(?:,\ *(?:{_FLOW_ITEM}))*)?\]", re.ASCII)
_FLOW_ENTRY: Final = rf"(?:{_KEY}):\ +(?:{_FLOW_ITEM})"
_FLOW_MAPPING: Final = re.compile(rf"\{{(?:\ *{_FLOW_ENTRY}(?:,\ *{_FLOW_ENTRY})*\ *)?\}}", re.ASCII)
_ITEMS: Final = re.compile(rf"({_FLOW_ITEM})(?:,\ *)?", re.ASCII)
_ENTRIES: Final = re.compile(rf"({_KEY}):\ +({_FLOW_ITEM})(?:\ *,\ *)?", re.ASCII)


# Kinds of values. A scalar is by far the most frequent, and therefore the falsy one.
_SCALAR: Final = 0
_FRESH: Final = 1  # a flow collection, copied for each use
_OPEN: Final = 2  # no value on this line: null, or the value of the following lines
_KEEP: Final = 3  # a literal block with its last line break
_STRIP: Final = 4  # a literal block without its last line break

# column, number of dashes, key, kind, value
_Line = tuple[int, int, str | None, int, Any]


class _UnsupportedError(Exception):
    """The text is outside the part of YAML that the fast reader supports."""


def load_rendered(text: str, *, name: str = "<rendered>", names: tuple[str, ...] = ()) -> list[Any]:
    """Read as ``load_all`` does, several times as fast for the output of templates and ``dump``.

    Args:
        text: the rendered text.
        name: the file in problems.
        names: the names of the tenant and the workload. With them, a text that differs from two earlier ones only by
            these names is not parsed again (:mod:`goldenpath.kubeyaml._shape_cache`).

    Raises:
        InputError: as ``load_all``.

    """
    if not names:
        return _load_documents(text, name, names)
    files: list[Any] = _FILES.value(text, names, lambda text, names: _load_documents(text, name, names))
    return files


_FILES: Final = ShapeCache()
_DOCUMENTS: Final = ShapeCache()
"""A file without an equal shape still has documents with equal shapes."""


def _load_documents(text: str, name: str, names: tuple[str, ...]) -> list[Any]:
    if text.lstrip().startswith("{"):
        return load_all(text, name=name)
    documents = []
    for line, part in split(text, name):
        parse = partial(_document, name=name, line=line)
        value = _DOCUMENTS.value(part, names, parse) if names else parse(part)
        if value is not None:
            documents.append(value)
    return documents


def _document(text: str, _names: tuple[str, ...] = (), *, name: str, line: int) -> Any:
    if len(text) <= _MAX_CHARS and (not text or text.endswith("\n")):
        with contextlib.suppress(_UnsupportedError):
            return _assemble(text.split("\n"))
    return load_document(text, first_line=line, name=name)


# The open collections, from the root inwards, each with its column. A line can add to any of them.
_Stack = list[tuple[int, Any]]


def _assemble(lines: list[str]) -> Any:
    """Build the value of lines by their columns. The last line is empty."""
    stack: _Stack = []
    into: Any
    top, into = -1, None  # the innermost of the stack; variables are a fifth faster than a look at the stack
    waiting: str | None = None  # the key in it that has no value yet
    at, end = 0, len(lines)
    while at < end:
        line = _parsed(lines[at])
        at += 1
        if line is None:
            continue
        column, dashes, key, kind, value = line
        if waiting is not None and (column > top or (dashes and column == top)):
            new: Any = [] if dashes else {}
            into[waiting] = new
            _push(stack, column, new)
            top, into = column, new
        elif column != top or (type(into) is dict) == bool(dashes):
            top, into = _close(stack, column, dashes)
        waiting = None
        if dashes:
            top, into = _items(stack, dashes, with_entry=key is not None)
        if kind == _OPEN:
            waiting = key
        elif kind:
            value, at = (value.copy(), at) if kind == _FRESH else _literal(lines, at, top, kind)
        if key is None:
            into.append(value)
        elif key in into:
            raise _UnsupportedError
        else:
            into[key] = value
    return stack[0][1] if stack else None


def _push(stack: _Stack, column: int, collection: Any) -> None:
    stack.append((column, collection))
    if len(stack) >= MAX_DEPTH:
        raise _UnsupportedError


def _close(stack: _Stack, column: int, dashes: int) -> tuple[int, Any]:
    """Close the collections that end before a line at this column, and return the one that the line adds to."""
    kind: type = list if dashes else dict
    if not stack and not column:
        _push(stack, 0, kind())
    while stack:
        top, collection = innermost = stack[-1]
        if top == column and type(collection) is kind:
            return innermost
        if top < column or (top == column and dashes):
            break
        stack.pop()
    raise _UnsupportedError


def _items(stack: _Stack, dashes: int, *, with_entry: bool) -> tuple[int, Any]:
    """Open the collections of ``- - key: value`` inside the innermost one, and return the last with its column."""
    column, into = stack[-1]
    for number in range(dashes if with_entry else dashes - 1):
        new: Any = {} if number == dashes - 1 else []
        into.append(new)
        column, into = column + _DASH, new
        _push(stack, column, new)
    return column, into


def _literal(lines: list[str], at: int, parent_column: int, kind: int) -> tuple[str, int]:
    """Return the text of a literal block that starts at a line, and the line after it."""
    first = lines[at]
    indent = len(first) - len(first.lstrip(" "))
    if indent <= parent_column or len(first) == indent:
        raise _UnsupportedError
    pad = first[:indent]
    content = []
    for line in itertools.islice(lines, at, None):
        if line.startswith(pad) and len(line) > indent:
            if not line.isprintable():
                raise _UnsupportedError
            content.append(line[indent:])
        elif not line:
            content.append(line)
        elif line.isspace():
            raise _UnsupportedError
        else:
            break
    at += len(content)
    while not content[-1]:
        content.pop()
    text = "\n".join(content)
    return (text if kind is _STRIP else f"{text}\n"), at


@lru_cache(maxsize=_REMEMBERED_LINES)
def _parsed(line: str) -> _Line | None:
    """Return the meaning of a line; ``None`` for a blank line or a comment."""
    bare = line.lstrip(" ")
    if not bare:
        if line:
            raise _UnsupportedError
        return None
    if not line.isprintable():
        raise _UnsupportedError
    if bare[0] == "#":
        return None
    # Most new lines have a known key and a known value. Two lookups are 3 times as fast as the patterns.
    before, _, after = line.partition(": ")
    if (place := _place_of(before)) is not None and (source := after.lstrip(" ")):
        return *place, *_meaning(source)
    match = _LINE.fullmatch(line)
    if match is None:
        raise _UnsupportedError
    indent, dashes, key_source, value_source, item_source = match.groups()
    kind, value = _meaning(value_source if item_source is None else item_source)
    if key_source is None and (not dashes or kind is _OPEN):
        raise _UnsupportedError
    key = None if key_source is None else _key(key_source)
    return len(indent), len(dashes) // 2, key, kind, value


@lru_cache(maxsize=_REMEMBERED_LINES)
def _place_of(source: str) -> tuple[int, int, str] | None:
    """Return column, number of dashes and key of the text before ``: ``; ``None`` where the text is not a key."""
    match = _BEFORE.fullmatch(source)
    return None if match is None else (len(match[1]), len(match[2]) // 2, _key(match[3]))


@lru_cache(maxsize=_REMEMBERED_LINES)
def _meaning(source: str | None) -> tuple[int, Any]:
    if source is None:
        return _OPEN, None
    match = _VALUE.fullmatch(source)
    if match is None:
        raise _UnsupportedError
    plain, quoted, sequence, mapping, block = match.groups()
    if plain is not None or quoted is not None:
        return _SCALAR, _scalar(plain or quoted)
    if sequence is not None:
        if not _FLOW_SEQUENCE.fullmatch(sequence):
            raise _UnsupportedError
        return _FRESH, [_scalar(item) for item in _ITEMS.findall(sequence[1:-1])]
    if mapping is not None:
        return _FRESH, _flow_mapping(mapping)
    if block is not None:
        if block != source:
            raise _UnsupportedError
        return (_STRIP if block == "|-" else _KEEP), None
    return _OPEN, None


def _flow_mapping(source: str) -> dict[str, Any]:
    if not _FLOW_MAPPING.fullmatch(source):
        raise _UnsupportedError
    entries = [(_key(key), _scalar(value)) for key, value in _ENTRIES.findall(source[1:-1])]
    result = dict(entries)
    if len(result) != len(entries):
        raise _UnsupportedError
    return result


def _scalar(source: str) -> Any:
    if source[0] == '"':
        unescape: Callable[[str], str] = json.loads
        return unescape(source) if "\\" in source else source[1:-1]
    value = resolve_plain(source)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise _UnsupportedError
        return json_number(value)
    return value


def _key(source: str) -> str:
    if source[0] == '"':
        return source[1:-1]
    if resolve_plain(source) != source:
        raise _UnsupportedError
    return source

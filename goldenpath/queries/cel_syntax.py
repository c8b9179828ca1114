"""The syntax tree of a CEL expression, read from what the CEL library serialises.

The library checks types by protobuf messages only, and gives no access to its tree. Its ``serialize`` gives the tree
as a ``cel.expr.ParsedExpr`` in protobuf's wire format, whose few fields are read here. Source of the field numbers:
google/cel-spec at 1533263, ``proto/cel/expr/syntax.proto``, read on 2026-11-30.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Fields = Mapping[int, list[Any]]
    """The fields of a message, by number."""

__all__ = [
    "CallExpr",
    "Comprehension",
    "Constant",
    "Expr",
    "Ident",
    "ListExpr",
    "Other",
    "Select",
    "Tree",
    "parse_tree",
]

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5

_ID: Final = 2
_BOOL: Final = 2
_INT64: Final = 3
_DOUBLE: Final = 5
_STRING: Final = 6


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: text, truth or number; None for anything else."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)`` where it only tests."""

    id: int
    operand: Expr
    field: str
    only_tests: bool


@dataclass(frozen=True, slots=True)
class CallExpr:
    """A function or an operator (``_==_``), with its receiver in front where it has one."""

    id: int
    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ListExpr:
    """A list literal."""

    id: int
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """What a macro such as ``exists`` stands for: a loop over ``over``."""

    id: int
    variables: tuple[str, ...]
    over: Expr
    accumulator: str
    parts: tuple[Expr, ...]
    """What is evaluated with the loop's variables: condition, step."""
    step: Expr


@dataclass(frozen=True, slots=True)
class Other:
    """A mapping literal, with the expressions in it."""

    id: int
    parts: tuple[Expr, ...]


Expr = Constant | Ident | Select | CallExpr | ListExpr | Comprehension | Other


@dataclass(frozen=True, slots=True)
class Tree:
    """An expression, and where each of its parts stands in the text, by id."""

    root: Expr
    offsets: Mapping[int, int]


def parse_tree(serialized: bytes) -> Tree:
    """The tree of an expression that was compiled without a check."""
    message = _one(_fields(serialized), 2, b"")  # Any.value
    fields = _fields(message)
    source = _fields(_one(fields, 3, b""))
    offsets = {}
    for entry in source.get(4, ()):
        pair = _fields(entry)
        offsets[_one(pair, 1, 0)] = _one(pair, 2, 0)
    return Tree(_expr(_one(fields, 2, b"")), offsets)


def _expr(data: bytes) -> Expr:
    fields = _fields(data)
    identity = _one(fields, _ID, 0)
    for number, read in _KINDS.items():
        if number in fields:
            return read(identity, _fields(fields[number][0]))
    return Other(identity, ())


def _constant(identity: int, fields: _Fields) -> Constant:
    if _BOOL in fields:
        return Constant(identity, bool(fields[_BOOL][0]))
    if _INT64 in fields:
        return Constant(identity, fields[_INT64][0] - (fields[_INT64][0] >> 63 << 64))
    if _DOUBLE in fields:
        return Constant(identity, struct.unpack("<d", fields[_DOUBLE][0])[0])
    return Constant(identity, _text(fields, _STRING) if _STRING in fields else None)


def _ident(identity: int, fields: _Fields) -> Ident:
    return Ident(identity, _text(fields, 1))


def _select(identity: int, fields: _Fields) -> Select:
    return Select(identity, _expr(fields[1][0]), _text(fields, 2), bool(_one(fields, 3, 0)))


def _call(identity: int, fields: _Fields) -> CallExpr:
    arguments = (*fields.get(1, ()), *fields.get(3, ()))
    return CallExpr(identity, _text(fields, 2), tuple(map(_expr, arguments)))


def _list(identity: int, fields: _Fields) -> ListExpr:
    return ListExpr(identity, tuple(map(_expr, fields.get(1, ()))))


def _mapping(identity: int, fields: _Fields) -> Other:
    entries = map(_fields, fields.get(2, ()))
    return Other(
        identity, tuple(_expr(entry[part][0]) for entry in entries for part in (3, 4) if part in entry)
    )


def _comprehension(identity: int, fields: _Fields) -> Comprehension:
    names = tuple(_text(fields, number) for number in (1, 8) if number in fields)
    parts = tuple(_expr(fields[number][0]) for number in (5, 6) if number in fields)
    step = _expr(fields[6][0])
    return Comprehension(identity, names, _expr(fields[2][0]), _text(fields, 3), parts, step)


_KINDS: Final[Mapping[int, Callable[[int, _Fields], Expr]]] = {
    3: _constant,
    4: _ident,
    5: _select,
    6: _call,
    7: _list,
    8: _mapping,
    9: _comprehension,
}
"""What reads each of ``expr_kind``, by its field number."""


def _fields(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message by number, each with all of its values."""
    found: dict[int, list[Any]] = {}
    for number, value in _walk(data):
        found.setdefault(number, []).append(value)
    return found


def _walk(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: Any
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire == _BYTES:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire]
            value, at = data[at : at + size], at + size
        yield number, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no mark
            return value, at
        shift += 7


def _one(fields: Mapping[int, list[Any]], number: int, default: Any) -> Any:
    return fields[number][-1] if number in fields else default


def _text(fields: Mapping[int, list[Any]], number: int) -> str:
    return str(_one(fields, number, b"").decode())

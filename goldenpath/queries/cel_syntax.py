"""Reads the syntax tree of a CEL expression from the bytes that the CEL library serialises.

The library checks types against protobuf messages only, and has no API for its tree. Its ``serialize`` returns the tree
as a ``cel.expr.ParsedExpr`` in protobuf's wire format. This module reads the few fields that are needed. Source of the
field numbers: google/cel-spec at 1533263, ``proto/cel/expr/syntax.proto``, read on 2026-11-30.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Fields = Mapping[int, list[Any]]
    """The values of each field of a message, by field number."""

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
    """A literal: a text, a boolean or a number. The value of any other literal is None."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)`` if ``only_tests`` is set."""

    id: int
    operand: Expr
    field: str
    only_tests: bool


@dataclass(frozen=True, slots=True)
class CallExpr:
    """A call of a function or an operator (``_==_``); the receiver of a method is the first argument."""

    id: int
    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ListExpr:
    id: int
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """The loop over ``over`` that a macro such as ``exists`` expands to."""

    id: int
    variables: tuple[str, ...]
    over: Expr
    accumulator: str
    condition: Expr
    step: Expr


@dataclass(frozen=True, slots=True)
class Other:
    """Any other expression, such as a mapping literal, with the expressions in it."""

    id: int
    parts: tuple[Expr, ...]


Expr = Constant | Ident | Select | CallExpr | ListExpr | Comprehension | Other


@dataclass(frozen=True, slots=True)
class Tree:
    """An expression, with the offset in the text of each of its parts, by id."""

    root: Expr
    offsets: Mapping[int, int]


def parse_tree(serialized: bytes) -> Tree:
    """Parse the serialised form of an expression that was compiled without a type check."""
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
    over, condition, step = (_expr(fields[number][0]) for number in (2, 5, 6))
    return Comprehension(identity, names, over, _text(fields, 3), condition, step)


_KINDS: Final[Mapping[int, Callable[[int, _Fields], Expr]]] = {
    3: _constant,
    4: _ident,
    5: _select,
    6: _call,
    7: _list,
    8: _mapping,
    9: _comprehension,
}
"""The reader of each ``expr_kind``, by its field number."""


def _fields(data: bytes) -> dict[int, list[Any]]:
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
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no continuation bit
            return value, at
        shift += 7


def _one(fields: _Fields, number: int, default: Any) -> Any:
    return fields[number][-1] if number in fields else default


def _text(fields: _Fields, number: int) -> str:
    return str(_one(fields, number, b"").decode())

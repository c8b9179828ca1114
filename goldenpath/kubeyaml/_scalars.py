"""Resolves plain scalars as Kubernetes does.

The rules come from ``resolve.go`` in go.yaml.in/yaml/v2 and the JSON round trip of ``sigs.k8s.io/yaml``.
``tests/kubeyaml/oracle.json`` has the answers of the real kubectl.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import Final

__all__ = ["WORDS", "Scalar", "json_number", "key_text", "resolve_plain"]

Scalar = str | int | float | bool | None

WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
"""Plain words that are not text."""
_NUMBER_STARTS: Final = frozenset("0123456789+-.")

_INTEGER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)", re.ASCII
)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# After a leading dot, Go does not remove underscores before it parses, so each must be between digits.
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_SIGN_AFTER_PREFIX: Final = re.compile(r"0b([-+][01]+)", re.ASCII)

_INT64: Final = range(-(2**63), 2**63)
_UINT64: Final = range(2**64)

# Limits at which Go's %g switches to an exponent when it prints the shortest digits.
_SMALLEST_PLAIN_EXPONENT: Final = -4
_LARGEST_PLAIN_EXPONENT: Final = 6
_FLOAT32_DIGITS: Final = 9  # IEEE 754 single precision needs at most nine


def resolve_plain(text: str) -> Scalar:
    """Return the value of an unquoted scalar.

    ``.inf`` and ``.nan`` become Python floats. The reader must refuse them, because JSON, and so Kubernetes, has no such
    values.
    """
    if text[:1] not in _NUMBER_STARTS:
        return WORDS.get(text, text)
    if text in WORDS:
        return WORDS[text]
    number = _dot_float(text) if text[0] == "." else _number(text.replace("_", ""))
    return text if number is None else number


def key_text(value: Scalar) -> str | None:
    """Return the JSON object key into which Kubernetes turns a mapping key; None for a key that Kubernetes refuses."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if value in _INT64 else None
        case float():
            return _float_key(value)
        case None:
            return None


def json_number(value: float) -> int | float:
    """Return a finite number after the JSON round trip.

    Go writes ``1e3`` as ``1000``, which becomes an integer. Integers beyond 64 bits become floats.
    """
    if isinstance(value, int):
        return value if value in _INT64 else float(value)
    if value.is_integer() and (digits := int(Decimal(repr(value)))) in _INT64:
        return digits
    return value


_LONGEST_INTEGER: Final = 256


def _number(digits: str) -> int | float | None:
    # Longer texts are not 64-bit integers in any base, and Python refuses to read thousands of digits.
    if len(digits) <= _LONGEST_INTEGER and _INTEGER.fullmatch(digits):
        value = _integer(digits)
        if value in _INT64 or (value in _UINT64 and digits[0] not in "+-"):
            return value
    if _FLOAT.fullmatch(digits):
        return _finite(digits)
    if signed := _SIGN_AFTER_PREFIX.fullmatch(digits):
        return int(signed[1], 2)
    return None


def _integer(digits: str) -> int:
    sign = -1 if digits[0] == "-" else 1
    body = digits.lstrip("+-")
    if body[:2].lower() in {"0x", "0o", "0b"}:
        return sign * int(body, 0)
    return sign * int(body, 8 if body[0] == "0" else 10)


def _dot_float(text: str) -> float | None:
    return _finite(text.replace("_", "")) if _DOT_FLOAT.fullmatch(text) else None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return None if math.isinf(value) else value


def _float_key(value: float) -> str:
    """Write a float key in single precision, as Kubernetes does with ``strconv.FormatFloat(value, 'g', -1, 32)``."""
    if math.isnan(value):
        return ".nan"
    single = _single_precision(value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    mantissa, _, exponent_text = _shortest_digits(single).partition("e")
    exponent = int(exponent_text)
    if _SMALLEST_PLAIN_EXPONENT <= exponent < _LARGEST_PLAIN_EXPONENT:
        return format(Decimal(f"{mantissa}e{exponent}"), "f")
    return f"{mantissa}e{exponent:+03d}"


def _shortest_digits(single: float) -> str:
    """Return the fewest decimal digits that read back as the same single-precision float, as ``d.ddde+XX``."""
    candidates = (f"{single:.{digits}e}" for digits in range(_FLOAT32_DIGITS))
    return next(text for text in candidates if _single_precision(float(text)) == single)


def _single_precision(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded

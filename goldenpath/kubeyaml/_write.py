"""Writes values as text that every YAML reader reads back unchanged.

Kubernetes, PyYAML, YAML 1.1 and YAML 1.2 disagree about hundreds of unquoted words. So text stays unquoted only where
every reader sees text. Other text is quoted, with the escapes of JSON.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["dump", "dump_all", "scalar"]

_WORDS: Final = frozenset(
    {"y", "yes", "n", "no", "true", "false", "on", "off", "null", "none", "nil", "inf", "infinity", "nan"}
)
# Letters that are in no number, date or time of any reader. Excluded are a-f and x (hexadecimal), o, b and e (octal,
# binary, exponent), p (hexadecimal float), t and z (time).
_NO_NUMBER: Final = "[g-mnqrsu-wyG-MNQRSU-WY/@%]"
_SOLID: Final = r"[A-Za-z0-9_./@%+=~-]"
_PLAIN: Final = re.compile(
    rf"""
    (?: [A-Za-z] | \.?/(?={_SOLID}) | --(?=[A-Za-z]) | (?=[0-9][^ ]*{_NO_NUMBER})(?!.*\ )[0-9] )
    (?: {_SOLID}++ | (?: : | \ ++ )(?={_SOLID}) )*+
    """,
    re.VERBOSE | re.ASCII,
)

_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_EXACT_FLOAT: Final = 2.0**53
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPE: Final = str.maketrans(_ESCAPES)
_BMP_END: Final = 0xFFFF
_MAX_KEY: Final = 1000  # readers search 1,024 characters for the colon after a key (YAML 1.1, section 9.2.1)


def scalar(value: str | float | bool | None) -> str:
    """Return one line of YAML that reads back as exactly ``value``, in block and in flow context.

    Raises ``ValueError`` for values that JSON, and so Kubernetes, cannot represent: lone surrogates, infinities, NaN,
    integers beyond 64 bits and floats of that size. Raises ``TypeError`` for other types.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not _MIN_INT64 <= value <= _MAX_INT64:
            raise ValueError(f"{value} is beyond the 64 bits of a Kubernetes integer")
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    raise TypeError(f"not a YAML scalar: {type(value).__name__}")


def dump(value: Any, *, indent: int = 0) -> str:
    """Write dicts, lists and scalars as block YAML, in their order, with every line indented by ``indent`` spaces.

    The text ends with a newline. Text of several lines becomes a literal block where an editor cannot damage the block.
    Keys must be text (``TypeError``) of at most 1,000 characters when quoted (``ValueError``).
    """
    pad = " " * indent
    if isinstance(value, dict) and value:
        lines: Iterable[str] = _mapping(value, pad)
    elif isinstance(value, list | tuple) and value:
        lines = _sequence(value, pad)
    else:
        lines = (f"{pad}{_leaf(value)}",)
    return "\n".join(lines) + "\n"


def dump_all(documents: Iterable[Any]) -> str:
    """Write documents as a stream, separated by ``---``."""
    return "---\n".join(dump(document) for document in documents)


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return str.__str__(value)
    escaped = value.translate(_ESCAPE)
    if escaped.isprintable():  # ten times as fast as the loop over characters below
        return f'"{escaped}"'
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(char: str) -> str:
    if (short := _ESCAPES.get(char)) is not None:
        return short
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates, which no encoding can represent
        raise ValueError(f"a lone surrogate (U+{code:04X}) cannot be written")
    return f"\\u{code:04x}" if code <= _BMP_END else f"\\U{code:08x}"


def _float(value: float) -> str:
    if not math.isfinite(value) or abs(value) >= _EXACT_FLOAT:
        raise ValueError(f"Kubernetes cannot represent this number exactly: {value}")
    text = float.__repr__(value)
    mantissa, exponent, power = text.partition("e")
    # YAML 1.1 requires the dot: PyYAML reads 1e-05 as text.
    return text if "." in mantissa else f"{mantissa}.0{exponent}{power}"


def _leaf(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return scalar(value)


def _mapping(value: dict[str, Any], pad: str) -> Iterator[str]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be text, not {type(key).__name__}")
        name = _text(key)
        if len(name) > _MAX_KEY:
            raise ValueError(f"a key of {len(name)} characters is too long for YAML")
        if isinstance(item, dict) and item:
            yield f"{pad}{name}:"
            yield from _mapping(item, f"{pad}  ")
        elif isinstance(item, list | tuple) and item:
            yield f"{pad}{name}:"
            yield from _sequence(item, pad)
        elif isinstance(item, str) and _fits_literal(item):
            yield from _literal(f"{pad}{name}: ", item, f"{pad}  ")
        else:
            yield f"{pad}{name}: {_leaf(item)}"


def _sequence(value: list[Any] | tuple[Any, ...], pad: str) -> Iterator[str]:
    inner = f"{pad}  "
    for item in value:
        if isinstance(item, dict) and item:
            lines = _mapping(item, inner)
        elif isinstance(item, list | tuple) and item:
            lines = _sequence(item, inner)
        elif isinstance(item, str) and _fits_literal(item):
            yield from _literal(f"{pad}- ", item, inner)
            continue
        else:
            yield f"{pad}- {_leaf(item)}"
            continue
        yield f"{pad}- {next(iter(lines))[len(inner) :]}"
        yield from lines


def _literal(opening: str, text: str, pad: str) -> Iterator[str]:
    ends = text.endswith("\n")
    yield f"{opening}{'|' if ends else '|-'}"
    for line in text.removesuffix("\n").split("\n"):
        yield f"{pad}{line}" if line else ""


def _fits_literal(text: str) -> bool:
    """Whether a literal block represents ``text`` without an indentation indicator or unusual characters.

    A line with spaces at its end does not fit, because an editor or a pre-commit hook would trim the spaces.
    """
    if "\n" not in text.removesuffix("\n") or text.endswith("\n\n"):
        return False
    lines = text.removesuffix("\n").split("\n")
    return lines[0][:1] not in {"", " "} and all(
        line.isprintable() and not line.endswith(" ") for line in lines
    )

"""Numbers that keep the text in which they were written, for messages that quote it.

YAML readers disagree about some numbers: ``0100`` is 64 in YAML 1.1 and 100 in YAML 1.2, and ``1_000``, ``0b11`` and
``1e3`` are text in one of them. The parser refuses a request with such a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WrittenFloat", "WrittenInt", "as_written", "is_ambiguous", "plain", "written_numbers"]

# YAML 1.1 (yaml.org/type/int.html, float.html) against the core schema of YAML 1.2 (section 10.3.2).
_AMBIGUOUS: Final = re.compile(
    r"""
      [-+]?0[0-9_]+                                  # octal, or decimal with a leading zero
    | .*_.*                                          # digits in groups: 1.1 only
    | [-+]?0[oObB].*                                 # 0o17: 1.2 only; 0b11: 1.1 only
    | [-+]?[0-9]+[eE].*                              # an exponent without a point: 1.2 only
    | [-+]?[0-9]*\.[0-9]*[eE][0-9]+                  # an exponent without a sign: 1.2 only
    """,
    re.VERBOSE | re.ASCII,
)


class WrittenInt(int):
    """A whole number whose text differs from its plain decimal form."""

    written: str

    def __new__(cls, value: int, written: str) -> Self:
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __reduce__(self) -> tuple[type[Self], tuple[int, str]]:
        return type(self), (int(self), self.written)

    def __repr__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A number whose text differs from its shortest decimal form."""

    written: str

    def __new__(cls, value: float, written: str) -> Self:
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __reduce__(self) -> tuple[type[Self], tuple[float, str]]:
        return type(self), (float(self), self.written)

    def __repr__(self) -> str:
        return self.written


def as_written(value: float, text: str) -> int | float:
    """Return the number, with its text where the text differs from the number's own form."""
    if repr(value) == text:
        return value
    return WrittenInt(value, text) if isinstance(value, int) else WrittenFloat(value, text)


def is_ambiguous(number: WrittenInt | WrittenFloat) -> bool:
    """Whether YAML 1.1 and YAML 1.2 read the number's text differently."""
    return _AMBIGUOUS.fullmatch(number.written) is not None


def written_numbers(
    document: Any, location: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], WrittenInt | WrittenFloat]]:
    """Yield every number of a document that keeps its text, with its location."""
    if isinstance(document, WrittenInt | WrittenFloat):
        yield location, document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from written_numbers(value, (*location, key))
    elif isinstance(document, list | tuple):
        for index, value in enumerate(document):
            yield from written_numbers(value, (*location, index))


def plain(document: Any) -> Any:
    """Return a copy of the document with ordinary numbers."""
    if isinstance(document, dict):
        return {key: plain(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [plain(value) for value in document]
    if isinstance(document, WrittenInt):
        return int(document)
    return float(document) if isinstance(document, WrittenFloat) else document

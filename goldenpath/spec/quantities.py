"""Exact arithmetic on Kubernetes quantities and Go durations."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache
from typing import Final

__all__ = [
    "BYTES",
    "CPU",
    "DURATION",
    "MOST_BYTES",
    "canonical_quantity",
    "duration_seconds",
    "nearest_bytes",
    "nearest_cpu",
    "quantity_value",
]

CPU: Final = r"[0-9]{1,9}(\.[0-9]{1,3})?|[0-9]{1,12}m"
"""Cores, as a request writes them."""

BYTES: Final = r"[0-9]{1,15}|[0-9]{1,15}(\.[0-9]{1,3})?([KMGTPE]i|[kMGTPE])"
"""Bytes, as a request writes them: no fractions of a byte."""

MOST_BYTES: Final = 2**63 - 1
"""Kubernetes silently reduces larger quantities to this value (`apimachinery/pkg/api/resource`, `Quantity`)."""

DURATION: Final = r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+"
"""A Go duration, in the units that a request needs."""

_SUFFIXES: Final = (
    {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("0.001"), "": Decimal(1)}
    | {suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")}
    | {f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")}
)
_QUANTITY: Final = re.compile(
    r"(?P<number>[+-]?([0-9]+\.?[0-9]*|\.[0-9]+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?"
)
_BINARY: Final = 1024
_DECIMAL: Final = 1000
_BILLION: Final = Decimal(10**9)
_EXACT: Final = Context(prec=100)
_NUMBER_AND_UNIT: Final = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([A-Za-z]*)")
_BYTE_UNITS: Final = frozenset("KMGTPE")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}


@lru_cache(maxsize=4096)
def quantity_value(text: str) -> Decimal:
    """Return the value of a Kubernetes quantity in its base unit: cores, bytes or pieces.

    Reads every form that the API server reads (`apimachinery/pkg/api/resource.Quantity`). A request may use fewer.

    Raises:
        ValueError: the text is not a quantity.

    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    number, suffix = match["number"], match["suffix"] or ""
    if len(suffix) > 1 and suffix[0] in "eE" and suffix[1] != "i":
        return Decimal(f"{number}{suffix}")
    return _EXACT.multiply(Decimal(number), _SUFFIXES[suffix])


@lru_cache(maxsize=4096)
def canonical_quantity(text: str) -> str:
    """Return a quantity as the API server writes it: ``1k`` for ``1000``, ``1536Mi`` for ``1.5Gi``.

    The API server stores this form (`apimachinery/pkg/api/resource`, `CanonicalizeBytes`). A manifest with another form
    would differ from the stored object at once, and a field manager other than Flux would get a conflict over an
    unchanged value. Powers of ten (``1e3``) stay.

    Raises:
        ValueError: the text is not a quantity.

    """
    value = quantity_value(text)
    if text[-1].isdigit() and not text.lstrip("+-").replace(".", "").isdigit():
        return text
    if text.endswith("i") and abs(value) >= _BINARY and value == int(value):
        return _shortened(int(value), _BINARY, ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
    parts = int(_EXACT.multiply(value, _BILLION).to_integral_value(ROUND_UP))
    return _shortened(parts, _DECIMAL, ("n", "u", "m", "", "k", "M", "G", "T", "P", "E"))


def _shortened(number: int, base: int, suffixes: tuple[str, ...]) -> str:
    """Write a whole number with the largest suffix that leaves it whole."""
    if not number:
        return "0"
    power = 0
    while power + 1 < len(suffixes) and number % base == 0:
        number //= base
        power += 1
    return f"{number}{suffixes[power]}"


def nearest_cpu(value: str) -> str | None:
    """Suggest a number of cores: ``64`` for ``64x``, ``500m`` for ``500 m``; None for bytes."""
    match = _NUMBER_AND_UNIT.match(value)
    if match is None or match[2][:1] in _BYTE_UNITS:
        return None
    return f"{match[1]}m" if match[2] == "m" else match[1]


def nearest_bytes(value: str) -> str | None:
    """Suggest a number of bytes: ``12G`` for ``12GB``, ``1.5Ti`` for ``1.5 TiB``."""
    match = _NUMBER_AND_UNIT.match(value)
    if match is None:
        return None
    number, unit, rest = match[1], match[2][:1].upper(), match[2][1:]
    if unit not in _BYTE_UNITS:
        return number
    if rest[:1].lower() == "i":
        return f"{number}{unit}i"
    return f"{number}{'k' if unit == 'K' else unit}"


def duration_seconds(text: str) -> Decimal:
    """Return the seconds of a Go duration such as ``750ms`` or ``1h30m`` (Go, ``time.ParseDuration``)."""
    return sum((Decimal(n) * _SECONDS[u] for n, u in _DURATION_PART.findall(text)), Decimal(0))

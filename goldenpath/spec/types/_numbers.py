"""Quantities, durations, dates, ports and versions."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from goldenpath.spec.quantities import (
    BYTES,
    CPU,
    DURATION,
    MOST_BYTES,
    duration_seconds,
    nearest_bytes,
    nearest_cpu,
    quantity_value,
)
from goldenpath.spec.value_checks import TextFormat, refuse


def _number_as_text(value: Any) -> Any:
    """Turn a number into its text: Kubernetes reads ``cpu: 16`` and ``cpu: 0.5`` as ``cpu: "16"`` and ``cpu: "0.5"``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def _check_cpu_range(value: str) -> None:
    if quantity_value(value) <= 0:
        raise refuse("cpu", "must be more than zero")


def _check_byte_range(value: str) -> None:
    if not 0 < quantity_value(value) <= MOST_BYTES:
        raise refuse("bytes", "must be more than zero, and less than 8Ei, the limit of Kubernetes")


def _quantity_schema(pattern: str, example: str) -> Any:
    number = {"type": "number", "exclusiveMinimum": 0}
    return WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": f"^({pattern})$"}, number], "examples": [example]}
    )


Cpu = Annotated[
    str,
    TextFormat(
        rule="cpu",
        pattern=CPU,
        limit=32,
        message="must be a number of cores such as 64, 1.5 or 500m",
        example="64",
        suggest=nearest_cpu,
        also=_check_cpu_range,
        before=_number_as_text,
    ),
    _quantity_schema(CPU, "64"),
]
"""Cores."""
Bytes = Annotated[
    str,
    TextFormat(
        rule="bytes",
        pattern=BYTES,
        limit=32,
        message=(
            "must be a number of bytes such as 64Gi, 500M or 2Ti "
            "(Kubernetes does not know '12GB', and reads '128m' as 0.128 bytes)"
        ),
        example="64Gi",
        suggest=nearest_bytes,
        also=_check_byte_range,
        before=_number_as_text,
    ),
    _quantity_schema(BYTES, "64Gi"),
]
"""Memory or storage, in bytes."""

_LONGEST_DURATION = 366 * 24 * 3600


def _nearest_duration(value: str) -> str:
    return f"{value}s" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) else value.replace(" ", "").lower()


def _check_duration(value: str) -> None:
    if not 0 < duration_seconds(value) <= _LONGEST_DURATION:
        raise refuse("duration", "must be more than zero, and at most a year")


def _require_unit(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise refuse("duration", "must have a unit, such as 750ms, 30s, 5m or 1h30m", f"{value}s")
    return value


Duration = Annotated[
    str,
    TextFormat(
        rule="duration",
        pattern=DURATION,
        limit=32,
        message="must be a duration such as 750ms, 30s, 5m or 1h30m",
        example="750ms",
        suggest=_nearest_duration,
        also=_check_duration,
        before=_require_unit,
    ),
]


def _date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        # fromisoformat also reads 20270630 and 2027-W26-3.
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise refuse("date", "must be an existing date, as YYYY-MM-DD")


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "examples": ["2027-06-30"],
        }
    ),
]

Port = Annotated[int, Field(ge=1, le=65535)]


def _require_quotes(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        message = "must be in quotes: without them YAML reads a number, and 1.30 becomes 1.3"
        raise refuse("version", message, str(value) if isinstance(value, float) else None)
    return value


KubernetesVersion = Annotated[
    str,
    TextFormat(
        rule="version",
        pattern=r"[0-9]+\.[0-9]+",
        limit=16,
        message='must be a minor version in quotes, such as "1.36"',
        example="1.36",
        suggest=lambda value: ".".join(value.removeprefix("v").split(".")[:2]),
        before=_require_quotes,
    ),
]
Version = Annotated[
    str,
    TextFormat(
        rule="version",
        pattern=r"[0-9]+(\.[0-9]+){0,3}([-+.][0-9A-Za-z.-]+)?",
        limit=64,
        message='must be a version in quotes, such as "0.19"',
        example="0.19",
        suggest=lambda value: value.removeprefix("v"),
        before=_require_quotes,
    ),
]

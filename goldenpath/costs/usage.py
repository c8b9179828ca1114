"""Used accelerator hours, and their CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["USAGE_COLUMNS", "Usage", "read_usage"]

USAGE_COLUMNS: Final = ("cluster", "tenant", "workload", "accelerator", "hours")
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Usage:
    """Accelerator hours of a tenant on a cluster; an empty ``workload`` stands for the whole tenant.

    ``accelerator`` is the profile as the fleet names it, followed by ``@`` and the pool where there are several pools.
    """

    cluster: str
    tenant: str
    workload: str
    accelerator: str
    hours: Decimal


def read_usage(text: str, file: str) -> tuple[Usage, ...]:
    """Read a CSV file with the columns ``cluster,tenant,workload,accelerator,hours``.

    Raises:
        InputError: columns are missing, or rows are not valid; each problem has its file, row and column.
    """
    if len(text) > _MOST_BYTES:
        raise InputError.of(
            "", "too-large", f"is larger than {_MOST_BYTES:,} bytes; split it by cluster", file=file
        )
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in USAGE_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        message = f"has no columns {', '.join(missing)}; the first line must be {','.join(USAGE_COLUMNS)}"
        raise InputError.of("", "columns", message, file=file)
    problems: list[Problem] = []
    found = [row for number, each in enumerate(reader, 2) for row in _row(each, number, file, problems)]
    if problems:
        raise InputError(problems[:_MOST_PROBLEMS])
    return tuple(found)


def _row(each: dict[str, str | None], number: int, file: str, problems: list[Problem]) -> Iterator[Usage]:
    values = {name: (each.get(name) or "").strip() for name in USAGE_COLUMNS}
    empty = [name for name in USAGE_COLUMNS if not values[name] and name != "workload"]
    problems += (Problem(f"row {number}.{name}", "required", "is required", file=file) for name in empty)
    if empty:
        return
    try:
        hours = Decimal(values["hours"])
    except InvalidOperation:
        hours = Decimal("NaN")
    if not hours.is_finite() or hours < 0:
        message = "must be a number of hours, 0 or more"
        problems.append(Problem(f"row {number}.hours", "hours", message, values["hours"], file=file))
        return
    yield Usage(values["cluster"], values["tenant"], values["workload"], values["accelerator"], hours)

"""The running release of goldenpath, and its order among releases."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version

__all__ = ["current_release", "is_older"]


@cache
def current_release() -> str:
    return version("goldenpath")


def is_older(one: str, other: str) -> bool:
    """Whether one release is older than another. Only the leading numbers of the versions count."""
    return _numbers(one) < _numbers(other)


def _numbers(release: str) -> tuple[int, ...]:
    leading = re.match(r"[0-9]+(\.[0-9]+)*", release)
    return tuple(map(int, leading[0].split("."))) if leading else ()

"""Reads the files with constants of sizing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from goldenpath.catalogue_files import read_catalogue_file

__all__ = ["data_file"]


@cache
def data_file(name: str) -> dict[str, Any]:
    """Return the content of a file in ``sizing/data``; :raises DataError: where the file cannot be read."""
    file = files("goldenpath.sizing") / "data" / name
    return read_catalogue_file(file, dict[str, Any], f"sizing/data/{name}")

"""Formats JSON with one entry a line, so that a difference between two versions of a file is readable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["json_lines"]


def json_lines(document: Mapping[str, Any], *spread: str) -> str:
    """Return a JSON object with one key a line. The mappings and lists under ``spread`` have one entry a line, too."""
    return "{\n" + ",\n".join(_part(key, value, key in spread) for key, value in document.items()) + "\n}\n"


def _part(key: str, value: Any, is_spread: bool) -> str:
    if not is_spread:
        return f" {_text(key)}: {_text(value)}"
    if isinstance(value, dict):
        entries, start, end = [f"{_text(name)}: {_text(each)}" for name, each in value.items()], "{", "}"
    else:
        entries, start, end = list(map(_text, value)), "[", "]"
    lines = ",\n".join(f"  {entry}" for entry in entries)
    return f" {_text(key)}: {start}\n{lines}\n {end}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Fast reading of text that goldenpath itself has rendered."""

from __future__ import annotations

from typing import Any

from goldenpath.kubeyaml._read import load_all

__all__ = ["load_rendered"]


def load_rendered(text: str, *, name: str = "<rendered>") -> list[Any]:
    """As ``load_all``."""
    return load_all(text, name=name)

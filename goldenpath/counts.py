"""Numbers with their words, as people read them."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, word: str) -> str:
    """A number and its word: ``1 object``, ``2,000 objects``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"

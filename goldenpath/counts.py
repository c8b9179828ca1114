"""Numbers with their nouns, for people."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, word: str) -> str:
    """Return a number with its noun: ``1 object``, ``2,000 objects``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"

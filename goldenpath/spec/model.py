"""The base of every model of a request: strict, closed and frozen."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

__all__ = ["RULES_FOLLOW", "Model"]

RULES_FOLLOW: Final = {"rules": "follow"}
"""Validation context of the parser, which runs the rules between fields itself, on whatever parsed."""


class Model(BaseModel):
    """Strict (``"8"`` is no number), closed (an unknown field is an error) and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)

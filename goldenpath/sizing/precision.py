"""Precisions of weights and of the KV cache, with their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError, Problem
from goldenpath.models import WeightPart, kept_by_default
from goldenpath.models.quantization_config import MIXED

if TYPE_CHECKING:
    from goldenpath.models import Architecture

__all__ = ["KV_PRECISIONS", "WEIGHT_PRECISIONS", "kept_parts", "kv_bytes", "weight_precision"]

WEIGHT_PRECISIONS: Final = {
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0 + 4 / 128**2,
    "int8": 1.0 + 2 / 128,
    "int4": 0.5 + 2.5 / 128,
    "mxfp4": 0.5 + 1 / 32,
    "nvfp4": 0.5 + 1 / 16,
}
"""Bytes of one converted parameter, with its share of the scales."""

KV_PRECISIONS: Final = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0}
"""Bytes of one element of the KV cache."""


def weight_precision(model: Architecture, stated: str | None) -> str:
    """Return the stated precision of the weights, or else the checkpoint's own, or else bf16.

    :raises InputError: for an unknown precision, or where none is stated and the checkpoint mixes several.
    """
    own = model.quantization.precision if model.quantization else "bf16"
    chosen = stated or own
    if chosen == MIXED:
        message = (
            f"is required, because the checkpoint mixes precisions; use one of {', '.join(WEIGHT_PRECISIONS)}"
        )
        raise InputError([Problem("precision", "sizing-precision", message)])
    if chosen not in WEIGHT_PRECISIONS:
        message = f"must be one of {', '.join(WEIGHT_PRECISIONS)}"
        raise InputError([Problem("precision", "sizing-precision", message, chosen)])
    return chosen


def kept_parts(model: Architecture, precision: str) -> frozenset[WeightPart]:
    """Return the parts that stay at 16 bit: by the checkpoint's own list if it has this precision, or by default."""
    if precision in ("bf16", "fp16"):
        return frozenset(WeightPart)
    if model.quantization and model.quantization.precision == precision:
        return model.quantization.kept
    return kept_by_default(precision)


def kv_bytes(stated: str | None) -> float:
    """Return the bytes of one KV cache element; :raises InputError: for a precision that no engine offers."""
    if stated is not None and stated not in KV_PRECISIONS:
        message = f"must be one of {', '.join(KV_PRECISIONS)}"
        raise InputError([Problem("kv-precision", "sizing-precision", message, stated)])
    return KV_PRECISIONS[stated or "bf16"]

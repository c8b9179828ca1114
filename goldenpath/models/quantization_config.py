"""Reads the precision, and the parts of the model that stay at 16 bit, from ``quantization_config``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from goldenpath.models.architecture import Quantization, WeightPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.models.config_fields import ConfigFields

__all__ = ["ALWAYS_KEPT", "MIXED", "kept_by_default", "read_quantization"]

ALWAYS_KEPT: Final = frozenset(
    {WeightPart.EMBEDDINGS, WeightPart.OUTPUT, WeightPart.ROUTER, WeightPart.VISION}
)
"""Parts that each common quantisation tool leaves at 16 bit by default."""

_PATTERNS: Final = (
    ("lm_head", WeightPart.OUTPUT),
    ("embed_tokens", WeightPart.EMBEDDINGS),
    ("shared_expert", WeightPart.SHARED_EXPERTS),
    ("shared_experts", WeightPart.SHARED_EXPERTS),
    ("router", WeightPart.ROUTER),
    ("gate", WeightPart.ROUTER),
    ("attn", WeightPart.ATTENTION),
    ("attention", WeightPart.ATTENTION),
    ("mlp", WeightPart.DENSE),
    ("vision_tower", WeightPart.VISION),
)
_METHOD_BITS: Final = {
    "awq": "int4",
    "gptq": "int4",
    "gptq_marlin": "int4",
    "mxfp4": "mxfp4",
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
}
MIXED: Final = "mixed"
_INT8: Final = 8
_FOUR_BITS: Final = 4
_NVFP4_GROUP: Final = 16


def kept_by_default(precision: str) -> frozenset[WeightPart]:
    """Return the parts that stay at 16 bit where a checkpoint lists none. MXFP4 converts experts only."""
    if precision == "mxfp4":
        return ALWAYS_KEPT | {WeightPart.ATTENTION, WeightPart.DENSE, WeightPart.SHARED_EXPERTS}
    return ALWAYS_KEPT


def read_quantization(fields: ConfigFields, layers: int) -> Quantization | None:
    """Return the quantisation that a config declares (``quantization_config`` or ``compression_config``).

    The precision is ``mixed`` where the config has several precisions or an unknown one. Sizing then asks for one.
    """
    for name in ("quantization_config", "compression_config", "quantization"):
        found = fields.document.get(name)
        if isinstance(found, dict) and found:
            precision = _precision(found)
            method = str(found.get("quant_method") or found.get("quant_algo") or "")[:40].lower()
            ignored = [
                *_texts(found.get("modules_to_not_convert")),
                *_texts(found.get("ignore")),
                *_texts(found.get("ignored_layers")),
                *_texts(found.get("exclude_modules")),
            ]
            return Quantization(precision, method, kept_by_default(precision) | _kept(ignored, layers))
    return None


def _precision(found: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one return for each quantisation tool
    method = str(found.get("quant_method") or "").lower()
    algorithm = str(found.get("quant_algo") or found.get("format") or "").lower()
    if "mixed" in algorithm:
        return MIXED
    if "nvfp4" in algorithm or "fp4" in method.replace("mxfp4", ""):
        return "nvfp4"
    if method in ("awq", "gptq", "gptq_marlin", "auto-round"):
        return "int8" if found.get("bits") == _INT8 else "int4"
    if method in _METHOD_BITS:
        return _METHOD_BITS[method]
    if "fp8" in algorithm:
        return "fp8"
    groups = found.get("config_groups")
    if isinstance(groups, dict) and groups:
        weights = [group.get("weights") if isinstance(group, dict) else None for group in groups.values()]
        found_precisions = {_weight_precision(each) if isinstance(each, dict) else MIXED for each in weights}
        return found_precisions.pop() if len(found_precisions) == 1 else MIXED
    if method == "bitsandbytes":
        return "int4" if found.get("load_in_4bit") else "int8"
    return MIXED


def _weight_precision(weights: Mapping[str, Any]) -> str:
    bits, kind = weights.get("num_bits"), str(weights.get("type") or "float").lower()
    if bits == _INT8:
        return "int8" if kind.startswith("int") else "fp8"
    if bits == _FOUR_BITS:
        if kind.startswith("int"):
            return "int4"
        return "nvfp4" if weights.get("group_size") in (_NVFP4_GROUP, None) else "mxfp4"
    return MIXED


def _texts(value: Any) -> list[str]:
    return [text for text in value[:20_000] if isinstance(text, str)] if isinstance(value, list) else []


def _kept(ignored: Iterable[str], layers: int) -> set[WeightPart]:
    """Return the parts that the patterns keep in at least half of the layers. A few single layers change little."""
    kept, by_layer = set(), Counter[WeightPart]()
    for pattern in ignored:
        for part in _named_parts(pattern.lower().removeprefix("re:").replace("\\", "").rstrip("*.$")):
            if any(piece.isdigit() for piece in pattern.split(".")):
                by_layer[part] += 1
            else:
                kept.add(part)
    return kept | {part for part, count in by_layer.items() if 2 * count >= layers}


def _named_parts(pattern: str) -> set[WeightPart]:
    """Return the parts that a pattern names as whole modules (``…self_attn``), not a norm or bias inside them."""
    last = pattern.rpartition(".")[2]
    if "proj" in last and "mlp" in pattern:
        return {WeightPart.DENSE}
    return {part for word, part in _PATTERNS if last.endswith(word)}

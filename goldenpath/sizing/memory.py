"""Computes whether a model fits on its devices, and the size of the KV cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.models import AttentionKind, WeightPart
from goldenpath.sizing.devices import GIB, device
from goldenpath.sizing.engine_memory import MemorySettings, engine_settings, reserve
from goldenpath.sizing.estimate import Estimate
from goldenpath.sizing.parallelism import Parallelism, refusal
from goldenpath.sizing.precision import WEIGHT_PRECISIONS, kept_parts, kv_bytes, weight_precision

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing.devices import Device

__all__ = ["Fit", "fit", "sequence_bytes", "weight_bytes"]

_DEFAULT_CONTEXT: Final = 8192
_MXFP4_PADDING: Final = 256
_LATENT_FP8_BYTES: Final = 656
"""Bytes for each token and layer in vLLM's ``ds_mla`` layout, an fp8 cache of DeepSeek V3.2."""
_WEIGHT_DEVIATION: Final = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One model on one group of devices. Bytes and GiB are for one device; tokens and sequences for the group.

    ``fits`` is true where at least one sequence of ``context`` tokens has room at the low end of the interval.
    ``kv_tokens`` counts tokens of sequences with ``context`` tokens, as vLLM's "GPU KV cache size" does.
    """

    model: str
    device: Device
    settings: MemorySettings
    parallelism: Parallelism
    precision: str
    kv_precision: str
    context: int
    weights_gib: float
    overhead_gib: float
    overhead: dict[str, float]
    pool_gib: Estimate
    kv_tokens: Estimate
    sequences: Estimate
    fits: bool
    reason: str
    sources: tuple[str, ...]

    def sequences_of(self, model: Architecture, tokens: int) -> float:
        """Return how many sequences of this length (input and output) the KV pool of all devices holds at once."""
        one = sequence_bytes(model, self.parallelism, tokens, self.kv_precision, self.settings)
        return self.pool_gib.value * GIB / one * self.parallelism.data

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "profile": self.device.id,
            "engine": {
                "name": self.settings.engine,
                "version": self.settings.version,
                "max_num_seqs": self.settings.max_num_seqs,
                "max_num_batched_tokens": self.settings.max_num_batched_tokens,
            },
            "parallelism": self.parallelism.as_dict(),
            "precision": self.precision,
            "kv_precision": self.kv_precision,
            "context": self.context,
            "weights_gib": round(self.weights_gib, 3),
            "overhead_gib": round(self.overhead_gib, 3),
            "overhead": {name: round(gib, 3) for name, gib in self.overhead.items() if gib},
            "pool_gib": self.pool_gib.as_dict(),
            "kv_tokens": self.kv_tokens.as_dict(),
            "sequences": self.sequences.as_dict(),
            "fits": self.fits,
            "reason": self.reason,
            "sources": list(self.sources),
        }


def fit(
    model: Architecture,
    accelerator: str | Device,
    engine: str = "vllm",
    version: str | None = None,
    *,
    precision: str | None = None,
    kv_precision: str | None = None,
    context: int | None = None,
    parallelism: Parallelism | None = None,
    utilization: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
) -> Fit:
    """Compute weights, the engine's own memory, and the KV pool for one parallelism.

    ``context`` is the longest sequence in tokens; by default the model's own limit, at most 8,192.

    :raises InputError: with the field, for an invalid profile, engine, precision, context or parallelism.
    """
    target = device(accelerator) if isinstance(accelerator, str) else accelerator
    spread = parallelism or Parallelism()
    settings = engine_settings(
        target,
        engine,
        version,
        utilization=utilization,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
    )
    chosen = weight_precision(model, precision)
    length = _context(model, context)
    kv_bytes(kv_precision)
    if why := refusal(model, target, spread):
        message = f"is not possible: {why}"
        raise InputError([Problem("parallelism", "sizing-parallelism", message, str(spread))])
    weights = weight_bytes(model, chosen, spread, engine) / GIB
    kept = reserve(settings, target, model, spread)
    pool = kept.budget_gib - weights - kept.overhead_gib
    if engine == "tensorrt-llm":
        pool *= settings.utilization or 0.9
    one = sequence_bytes(model, spread, length, kv_precision, settings)
    deviation = kept.deviation_gib + _WEIGHT_DEVIATION * weights
    estimate = Estimate.around(max(0.0, pool), deviation)
    if pool <= 0:
        estimate = Estimate(0.0, 0.0, estimate.high if pool > -deviation else 0.0)
    per_gib = GIB / one * spread.data
    sequences = estimate.scaled(per_gib)
    fits = estimate.low * GIB >= one
    return Fit(
        model=model.name,
        device=target,
        settings=settings,
        parallelism=spread,
        precision=chosen,
        kv_precision=kv_precision or "bf16",
        context=length,
        weights_gib=weights,
        overhead_gib=kept.overhead_gib,
        overhead=kept.parts,
        pool_gib=estimate,
        kv_tokens=sequences.scaled(length),
        sequences=sequences,
        fits=fits,
        reason=_reason(fits, weights, kept.overhead_gib, kept.budget_gib, one / GIB, estimate),
        sources=(*target.sources, *kept.sources, model.source),
    )


def _context(model: Architecture, stated: int | None) -> int:
    limit = model.max_context
    if stated is None:
        return min(limit or _DEFAULT_CONTEXT, _DEFAULT_CONTEXT)
    if stated < 1 or (limit is not None and stated > limit):
        message = f"must be between 1 and the model's {limit or 10**9} tokens"
        raise InputError([Problem("context", "sizing-context", message, stated)])
    return stated


def _reason(  # noqa: PLR0917 - the parts of one sentence
    fits: bool, weights: float, overhead: float, budget: float, sequence: float, pool: Estimate
) -> str:
    if fits:
        return f"weights {weights:.1f} GiB and engine {overhead:.1f} GiB leave {pool.value:.1f} GiB for the KV cache on each device"
    if pool.value <= 0:
        return f"weights {weights:.1f} GiB and engine {overhead:.1f} GiB exceed the {budget:.1f} GiB that the engine may use"
    return f"one sequence needs {sequence:.2f} GiB of KV cache, and only {pool.low:.2f} to {pool.high:.2f} GiB are left"


def weight_bytes(
    model: Architecture, precision: str, parallelism: Parallelism, engine: str = "vllm"
) -> float:
    """Return the bytes of weights on the device with the most weights."""
    kept = kept_parts(model, precision)
    converted = WEIGHT_PRECISIONS[precision]
    attention_ways = parallelism.tensor * parallelism.pipeline
    expert_ways = attention_ways * parallelism.data
    total = 0.0
    for part, count in model.parameters.items():
        size = count * (2.0 if part in kept else converted)
        if part is WeightPart.EXPERTS:
            # vLLM pads the width of MXFP4 experts to a multiple of 256 (gpt-oss: from 2,880 to 3,072).
            if precision == "mxfp4" and engine == "vllm" and model.expert_width:
                padded = -(-model.expert_width // _MXFP4_PADDING) * _MXFP4_PADDING
                size *= padded / model.expert_width
            total += size / expert_ways
        elif part in (WeightPart.EMBEDDINGS, WeightPart.OUTPUT):
            on_two_stages = parallelism.pipeline > 1 and not model.tied_embeddings
            total += size / parallelism.tensor / (2 if on_two_stages else 1)
        else:
            total += size / attention_ways
    return total


def sequence_bytes(
    model: Architecture,
    parallelism: Parallelism,
    tokens: int,
    kv_precision: str | None,
    settings: MemorySettings,
) -> float:
    """Return the bytes of one sequence of this length on one device, rounded up to the engine's blocks.

    Tensor parallelism divides KV heads down to one on each device, but not a latent cache. Sliding layers keep their window
    and the tokens of the current step, unless the engine stores them like full layers (Llama 4 in vLLM).
    """
    element = kv_bytes(kv_precision)
    block = settings.block
    length = -(-tokens // block) * block
    total = 0.0
    for group in model.attention:
        kept = length
        if group.window is not None and not (
            settings.engine == "vllm" and model.model_type.startswith("llama4")
        ):
            kept = min(
                length,
                -(-(group.window - 1 + min(settings.max_num_batched_tokens, tokens)) // block) * block
                + block,
            )
            kept = min(length, max(kept, block))
        if group.kind is AttentionKind.LATENT:
            per_token = float(group.count * group.key_dim * element)
            if kv_precision == "fp8" and model.index_bytes_per_token:
                per_token = float(group.count * _LATENT_FP8_BYTES)
        else:
            heads = max(1.0, group.kv_heads / parallelism.tensor)
            per_token = group.count * heads * (group.key_dim + group.value_dim) * element
        total += per_token * kept
    total += model.index_bytes_per_token * length
    state = model.state_bytes / parallelism.tensor
    return (total + state) / parallelism.pipeline

"""The KV cache that sizing promises for a server, as a query for servers with another size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.engines import EngineVersion
from goldenpath.models import AttentionKind
from goldenpath.tenancy.number_range import number_range

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing import Fit

__all__ = ["SizingPromise", "promise_of"]

_SGLANG_SINCE: Final = "0.5.23"
"""The SGLang version that is the source for `sglang:kv_cache_memory_usage_gb` (managers/scheduler_metrics)."""


@dataclass(frozen=True, slots=True)
class SizingPromise:
    """A range of KV cache sizes. ``outside`` is PromQL that selects servers outside; ``words`` names the range."""

    outside: str
    words: str


def promise_of(fit: Fit, model: Architecture, selector: str) -> SizingPromise | None:
    """Return the promise for an engine that exports the size of its KV cache; None for other engines.

    vLLM exports the number of blocks as a label. Blocks count tokens only if every layer keeps all tokens. SGLang exports
    GiB.
    """
    engine, pool = fit.settings.engine, fit.pool_gib
    if engine == "sglang" and EngineVersion.parse(fit.settings.version) >= EngineVersion.parse(_SGLANG_SINCE):
        metric = f"sglang:kv_cache_memory_usage_gb{{{selector}}}"
        low, high = f"{pool.low:.1f}", f"{pool.high:.1f}"
        return SizingPromise(f"{metric} < {low} or {metric} > {high}", f"{low} to {high} GiB a device")
    if engine != "vllm" or not _counts_tokens(model):
        return None
    # Each data-parallel rank has its own pool; tensor and pipeline ranks share one count of blocks.
    tokens = fit.kv_tokens.scaled(1 / fit.parallelism.data)
    fewest, most = (int(each / fit.settings.block) for each in (tokens.low, math.ceil(tokens.high)))
    numbers = number_range(fewest, most)
    return SizingPromise(
        f'vllm:cache_config_info{{{selector},num_gpu_blocks!~"{numbers}"}}',
        f"{fewest:,} to {most:,} blocks of {fit.settings.block} tokens",
    )


def _counts_tokens(model: Architecture) -> bool:
    """Whether a block holds the same number of tokens in every layer: no windows and no recurrent state."""
    return not model.state_bytes and all(
        group.window is None and group.kind in (AttentionKind.FULL, AttentionKind.LATENT)
        for group in model.attention
    )

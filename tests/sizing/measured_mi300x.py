"""Published times between tokens on MI300X, the sources of ``attainable.kernels``; their models are in no test of accuracy.

Each figure is cited. Llama 3.1 70B is not among them: its runs on MI300X judge sizing (`benchmarks/sizing.py`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MEASURED_MI300X", "Measured"]


class Measured(NamedTuple):
    """One run: ``batch`` requests at once, and seconds between tokens. A static batch has its prompts in the time."""

    source: str
    model: str
    precision: str
    kv_precision: str | None
    tensor: int
    engine: str
    is_static: bool
    tokens_in: int
    tokens_out: int
    batch: int
    seconds: float


_ORACLE: Final = "blogs.oracle.com, Serving Llama 3.1 405B with AMD MI300X, 2024: latency of batches"
_SGLANG: Final = "sgl-project/sglang, pull request 31044, 2026: MiniMax M2.7, whose layers are those of M2.5"
_RECIPES: Final = (
    "vllm-project/recipes, pull request 431, 2026: Qwen3Guard-Gen-8B, whose layers are those of Qwen3-8B"
)

MEASURED_MI300X: Final = (
    *(
        Measured(_ORACLE, "meta-llama/Llama-3.1-405B", "fp8", None, 8, "vllm", True, 128, 128, batch, seconds / 128)
        for batch, seconds in (
            (1, 3.530), (2, 3.583), (4, 3.734), (8, 3.974), (16, 4.375), (32, 5.130), (64, 6.919), (128, 10.340), (256, 17.750),
        )
    ),
    *(
        Measured(_SGLANG, "MiniMaxAI/MiniMax-M2.5", "fp8", "fp8", tensor, "sglang", False, 1000, 1000, batch, seconds)
        for tensor, batch, seconds in ((2, 1, 0.01494), (2, 16, 0.03180), (4, 64, 0.04248), (4, 256, 0.07172))
    ),
    Measured(_RECIPES, "Qwen/Qwen3-8B", "bf16", None, 1, "vllm", False, 1024, 1024, 32, 0.00942),
)  # fmt: skip

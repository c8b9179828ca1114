"""KV cache sizes that others measured, each cited in ``goldenpath/sizing/data/engine_memory.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.sizing import Fit

H100 = "nvidia-h100-80gb"
LLAMA_70B = "meta-llama/Llama-3.1-70B"

# llm-d-planner@e50305a: GiB of KV cache a device, vLLM 0.11, utilisation 0.9 unless given.
PLANNER = [
    ("openai/gpt-oss-20b", None, 1, 0.9, 50.28),
    ("openai/gpt-oss-120b", None, 1, 0.95, 3.33),
    ("meta-llama/Llama-3.3-70B-Instruct", "fp8", 2, 0.9, 32.00),
    ("meta-llama/Llama-3.1-8B", None, 1, 0.9, 51.38),
    ("Qwen/Qwen3-0.6B", None, 1, 0.9, 64.45),
    ("Qwen/Qwen3-32B", None, 1, 0.9, 4.45),
    ("Qwen/Qwen3-32B", None, 2, 0.9, 34.49),
    ("mistralai/Mistral-Small-3.2-24B-Instruct-2506", None, 1, 0.95, 28.20),
]
# inference-sim@f90a1e3: blocks of 16 tokens, vLLM 0.15.1, utilisation 0.9, max_num_seqs 128.
BLOCKS = [
    ("meta-llama/Llama-2-7b-hf", None, 1, 2048, 7463),
    (LLAMA_70B, None, 4, 2048, 30425),
    (LLAMA_70B, None, 4, 8192, 30251),
    ("mistralai/Mistral-Nemo-Instruct-2407", None, 2, 2048, 48009),
    ("mistralai/Mistral-Nemo-Instruct-2407", None, 1, 2048, 19251),
    ("Qwen/Qwen2.5-7B-Instruct", None, 1, 2048, 65352),
    ("01-ai/Yi-34B", None, 2, 2048, 20793),
    ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "fp8", 2, 2048, 8253),
]


@dataclass(frozen=True)
class MeasuredCache:
    """A prediction, and the KV tokens and GiB a device that were measured; one of both is given by the source."""

    fit: Fit
    tokens: float
    has_experts: bool


def measured_kv_caches() -> Iterator[MeasuredCache]:
    for name, precision, tensor, share, gib in PLANNER:
        model = model_catalogue().get(name)
        one = fit(
            model,
            H100,
            "vllm",
            "0.11.0",
            precision=precision,
            parallelism=Parallelism(tensor),
            utilization=share,
        )
        tokens = one.kv_tokens.value * gib / one.pool_gib.value
        yield MeasuredCache(one, tokens, bool(model.experts))
    for name, precision, tensor, batched, blocks in BLOCKS:
        model = model_catalogue().get(name)
        one = fit(
            model,
            H100,
            "vllm",
            "0.15.1",
            precision=precision,
            parallelism=Parallelism(tensor),
            max_num_seqs=128,
            max_num_batched_tokens=batched,
            context=4096,
        )
        yield MeasuredCache(one, blocks * 16.0, bool(model.experts))

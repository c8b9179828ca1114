"""KV cache sizes that others measured, each cited in ``goldenpath/sizing/data/engine_memory.yaml``."""

from __future__ import annotations

import statistics

import pytest

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, fit
from goldenpath.sizing.devices import GIB

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


def errors() -> list[float]:
    found = []
    for name, precision, tensor, share, measured in PLANNER:
        one = fit(
            model_catalogue().get(name),
            H100,
            "vllm",
            "0.11.0",
            precision=precision,
            parallelism=Parallelism(tensor),
            utilization=share,
        )
        assert one.pool_gib.low < measured < one.pool_gib.high or abs(one.pool_gib.value / measured - 1) < 0.1
        found.append(one.pool_gib.value / measured - 1)
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
        found.append(one.kv_tokens.value / (blocks * 16) - 1)
    return found


def test_measured_kv_caches_are_met() -> None:
    found = errors()
    assert statistics.median(map(abs, found)) <= 0.03
    assert max(map(abs, found)) <= 0.10
    assert max(found) <= 0.05


def test_a_device_has_no_more_kv_cache_than_memory() -> None:
    one = fit(model_catalogue().get("Qwen/Qwen3-0.6B"), "nvidia-l4-24gb")
    assert one.weights_gib + one.overhead_gib + one.pool_gib.value == pytest.approx(
        0.92 * one.device.usable_gib
    )
    assert one.pool_gib.value * GIB > 0

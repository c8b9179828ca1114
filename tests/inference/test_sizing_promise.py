"""The sized KV cache compared with the engine's report."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_services import SERVICE, objects, run

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, fit
from goldenpath.tenancy.number_range import number_range
from goldenpath.tenancy.sizing_promise import promise_of

MODELS = model_catalogue()
H100 = "nvidia-h100-80gb"


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 12_000))
def test_the_expression_matches_only_numbers_of_the_range(low: int, more: int, number: int) -> None:
    assert bool(re.fullmatch(number_range(low, low + more), str(number))) == (low <= number <= low + more)


def test_a_reversed_range_is_refused() -> None:
    with pytest.raises(ValueError, match="not a range"):
        number_range(5, 4)


def test_vllm_promises_blocks_and_sglang_gibibytes() -> None:
    model = MODELS.get("Qwen/Qwen3-8B")
    vllm = promise_of(fit(model, H100), model, 'namespace="a"')
    sglang = promise_of(fit(model, H100, "sglang"), model, 'namespace="a"')
    assert vllm is not None
    assert sglang is not None
    assert 'vllm:cache_config_info{namespace="a",num_gpu_blocks!~"' in vllm.outside
    assert "sglang:kv_cache_memory_usage_gb" in sglang.outside
    assert "GiB" in sglang.words


def test_each_rank_of_data_parallel_attention_promises_its_own_blocks() -> None:
    model = MODELS.get("deepseek-ai/DeepSeek-R1")
    one = fit(model, "nvidia-h200-141gb", parallelism=Parallelism(1, data=8, expert=True))
    found = promise_of(one, model, "")
    assert found is not None
    blocks = [int(each.replace(",", "")) for each in re.findall(r"[0-9,]{4,}", found.words)]
    assert blocks[0] <= one.kv_tokens.value / 8 / 16 <= blocks[1]


def test_windows_leave_nothing_to_compare() -> None:
    model = MODELS.get("google/gemma-3-27b-it")
    assert promise_of(fit(model, H100), model, "") is None


def test_the_alert_is_among_the_rules() -> None:
    rules = objects(run(SERVICE))["PrometheusRule"]["spec"]["groups"][0]["rules"]
    assert "InferenceSizingWrong" in {rule.get("alert") for rule in rules}

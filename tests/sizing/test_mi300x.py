"""The share of an MI300X's figures that programs reach, against published runs of models that judge nothing."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from measured_mi300x import MEASURED_MI300X, Measured

from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, device, fit
from goldenpath.sizing.step_time import StepTimes, constants

PROFILE = "amd-mi300x"


def ratio(run: Measured) -> float:
    """Measured over predicted time, as if programs reached the whole of the other shares."""
    model = model_catalogue().get(run.model)
    whole = replace(device(PROFILE), kernels=1.0)
    one = fit(
        model,
        whole,
        run.engine,
        precision=run.precision,
        kv_precision=run.kv_precision,
        parallelism=Parallelism(run.tensor),
    )
    times = StepTimes(one, model, constants(run.engine))
    if run.is_static:
        prompts = times.prefill(run.tokens_in) * run.batch / run.tokens_out
        return run.seconds / (times.decode(run.batch, run.tokens_in + run.tokens_out / 2) + prompts)
    return run.seconds / times.seconds(times.benchmark_terms(run.batch, run.tokens_in, run.tokens_out))


def test_the_share_of_the_kernels_is_the_median_of_the_sources() -> None:
    sources = {run.source for run in MEASURED_MI300X}
    medians = [
        statistics.median(ratio(run) for run in MEASURED_MI300X if run.source == source) for source in sources
    ]
    assert len(sources) == 3
    assert 1 / device(PROFILE).kernels == pytest.approx(statistics.median(medians), rel=0.05)


def test_no_test_run_is_among_the_sources() -> None:
    assert not {run.model for run in MEASURED_MI300X} & {
        "meta-llama/Llama-3.1-70B",
        "meta-llama/Llama-3.3-70B-Instruct",
    }


def test_a_device_whose_kernels_reach_less_is_slower_in_every_term() -> None:
    model = model_catalogue().get("Qwen/Qwen3-8B")
    half = replace(device("nvidia-h100-80gb"), kernels=0.5)
    slow, fast = (
        StepTimes(fit(model, each, "vllm"), model, constants("vllm"))
        for each in (half, device("nvidia-h100-80gb"))
    )
    assert slow.decode(8, 1000) == pytest.approx(2 * fast.decode(8, 1000))
    assert slow.prefill(1000) == pytest.approx(2 * fast.prefill(1000))

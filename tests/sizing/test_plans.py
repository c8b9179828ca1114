"""Parallelism that fits a model, and messages if none fits."""

from __future__ import annotations

import dataclasses
from importlib.resources import files

import pytest

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.errors import InputError
from goldenpath.models import model_catalogue
from goldenpath.sizing import Parallelism, choose, device, fit, known_devices, plans

MODELS = model_catalogue()
H100 = "nvidia-h100-80gb"


def test_a_small_model_takes_one_device() -> None:
    best = choose(MODELS.get("Qwen/Qwen3-8B"), H100)
    assert best.parallelism == Parallelism()
    assert "one device" in best.reason


def test_llama_70b_in_fp8_takes_two_h100() -> None:
    assert (
        choose(MODELS.get("meta-llama/Llama-3.3-70B-Instruct"), H100, precision="fp8").parallelism.tensor == 2
    )


def test_more_sequences_take_more_devices() -> None:
    model = MODELS.get("meta-llama/Llama-3.3-70B-Instruct")
    few = choose(model, H100, precision="fp8", context=8192, concurrency=8)
    many = choose(model, H100, precision="fp8", context=8192, concurrency=60)
    assert few.parallelism.devices < many.parallelism.devices


def test_tensor_parallelism_divides_the_heads() -> None:
    # 28 query heads and 4 KV heads: 8 does not divide 28.
    found = {plan.parallelism.tensor for plan in plans(MODELS.get("Qwen/Qwen2.5-7B-Instruct"), H100)}
    assert found == {1, 2, 4}


def test_latent_cache_is_copied_by_tensor_parallelism_and_divided_by_data_parallelism() -> None:
    model = MODELS.get("deepseek-ai/DeepSeek-R1")
    tensor = fit(model, "nvidia-h200-141gb", parallelism=Parallelism(8))
    data = fit(model, "nvidia-h200-141gb", parallelism=Parallelism(1, data=8, expert=True))
    assert data.sequences.value > 3 * tensor.sequences.value


def test_sliding_layers_keep_a_window_only() -> None:
    model = MODELS.get("google/gemma-3-27b-it")
    full = dataclasses.replace(
        model, attention=tuple(dataclasses.replace(group, window=None) for group in model.attention)
    )
    windowed = fit(model, H100, context=65536)
    assert windowed.sequences.value > 2 * fit(full, H100, context=65536).sequences.value


def test_a_mig_slice_has_its_own_memory_and_serves_alone() -> None:
    slice_ = device("nvidia-h100-80gb/1g.10gb")
    assert slice_.usable_gib < 10
    assert slice_.bandwidth < device(H100).bandwidth / 6
    assert [str(plan.parallelism) for plan in plans(MODELS.get("Qwen/Qwen3-0.6B"), slice_.id)] == ["tp1"]


def test_an_error_names_a_size_that_fits() -> None:
    with pytest.raises(InputError) as caught:
        choose(MODELS.get("meta-llama/Llama-3.1-70B"), "nvidia-l4-24gb", max_nodes=1)
    (problem,) = caught.value.problems
    assert problem.path == "profile"
    assert "precision fp8" in problem.message
    assert "profile nvidia-" in problem.message


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"accelerator": "nvidia-h100"}, "profile"),
        ({"accelerator": "intel-max-1550"}, "profile"),
        ({"engine": "llama-cpp"}, "engine"),
        ({"precision": "fp5"}, "precision"),
        ({"kv_precision": "int4"}, "kv-precision"),
        ({"context": 10**9}, "context"),
        ({"parallelism": Parallelism(3)}, "parallelism"),
        ({"utilization": 1.5}, "utilization"),
        ({"max_num_seqs": 0}, "max-num-seqs"),
        ({"version": "newest"}, "engine.version"),
    ],
)
def test_wrong_input_is_refused_by_field(arguments: dict[str, object], path: str) -> None:
    with pytest.raises(InputError) as caught:
        fit(MODELS.get("Qwen/Qwen3-8B"), **{"accelerator": H100, **arguments})  # type: ignore[arg-type]
    assert [problem.path for problem in caught.value.problems] == [path]


def test_every_device_with_figures_is_in_the_accelerator_catalogue() -> None:
    assert set(known_devices()) <= set(catalogue().ids)
    assert all(
        device(profile).usable_gib <= (catalogue().get(profile) or device(profile)).memory_gib
        for profile in known_devices()
    )  # type: ignore[union-attr]


def test_each_figure_of_each_device_has_its_source() -> None:
    text = (files("goldenpath.sizing") / "data" / "devices.yaml").read_text(encoding="utf-8")
    document = kubeyaml.load(text, name="devices.yaml")
    for name, entry in document["devices"].items():
        figures = set(entry) - {"sources"}
        assert set(entry["sources"]) == figures, name
        assert set(entry["sources"].values()) <= set(document["sources"]), name
    used = {key for entry in document["devices"].values() for key in entry["sources"].values()}
    assert used == set(document["sources"])


def test_a_device_that_reaches_less_of_its_peaks_has_smaller_figures() -> None:
    assert device("amd-mi300x").bandwidth == pytest.approx(0.9 * 5300)
    assert device("amd-mi300x").tflops["fp8"] == pytest.approx(0.48 * 2615)
    assert device(H100).bandwidth == 3350


@pytest.mark.parametrize("engine", ["vllm", "sglang", "tensorrt-llm"])
@pytest.mark.parametrize("name", list(MODELS))
def test_a_larger_device_never_holds_fewer_sequences(name: str, engine: str) -> None:
    model = MODELS.get(name)
    small, large = (
        fit(model, profile, engine, parallelism=Parallelism(1), max_num_seqs=256).sequences.value
        for profile in (H100, "nvidia-h200-141gb")
    )
    assert large >= small

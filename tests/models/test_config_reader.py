"""Reading config.json: shapes of the catalogue, special cases, and hostile files."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.models import AttentionKind, WeightPart, model_catalogue, parse_config, read_config

# Billions of parameters as the vendors publish them, language model only.
PUBLISHED = {
    "meta-llama/Llama-3.1-8B": 8.03,
    "meta-llama/Llama-3.1-405B": 405.85,
    "Qwen/Qwen3-235B-A22B": 235.09,
    "mistralai/Mixtral-8x7B-v0.1": 46.7,
    "deepseek-ai/DeepSeek-R1": 671.03,
    "moonshotai/Kimi-K2-Instruct": 1026.41,
    "openai/gpt-oss-120b": 116.79,
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": 400.71,
    "nvidia/Nemotron-H-56B-Base-8K": 56.32,
    "Qwen/Qwen3-Next-80B-A3B-Instruct": 79.67,
    "google/gemma-3-27b-it": 27.01,
}
DENSE = {
    "model_type": "llama",
    "vocab_size": 1000,
    "num_hidden_layers": 4,
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name: str) -> None:
    model = model_catalogue().get(name)
    language = model.total_parameters - model.parameters[WeightPart.VISION]
    assert language / 1e9 == pytest.approx(PUBLISHED[name], rel=0.01)


@pytest.mark.parametrize(
    ("name", "bytes_per_token"),
    [
        ("meta-llama/Llama-3.1-70B", 327680),
        ("deepseek-ai/DeepSeek-V3", 70272),
        ("XiaomiMiMo/MiMo-V2-Flash", 23040),
        ("google/gemma-4-26B-A4B", 20480),
    ],
)
def test_kv_bytes_of_layers_that_keep_every_token(name: str, bytes_per_token: int) -> None:
    layers = [group for group in model_catalogue().get(name).attention if group.window is None]
    elements = sum(group.count * group.kv_heads * (group.key_dim + group.value_dim) for group in layers)
    assert elements * 2 == bytes_per_token


def test_recurrent_state_is_kept_for_each_sequence() -> None:
    assert model_catalogue().get("Qwen/Qwen3-Next-80B-A3B-Instruct").state_bytes == 77266944
    assert model_catalogue().get("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16").state_bytes == 49082368


def test_a_window_that_is_switched_off_is_not_used() -> None:
    model = read_config({**DENSE, "sliding_window": 4096, "use_sliding_window": False})
    assert [group.kind for group in model.attention] == [AttentionKind.FULL]


def test_every_mxfp4_checkpoint_keeps_attention_at_16_bit() -> None:
    quantization = model_catalogue().get("openai/gpt-oss-20b").quantization
    assert quantization is not None
    assert WeightPart.ATTENTION in quantization.kept
    assert WeightPart.EXPERTS not in quantization.kept


def test_patterns_for_single_layers_keep_a_part_when_they_cover_most_layers() -> None:
    ignored = [f"model.layers.{place}.self_attn*" for place in range(4)]
    config = {
        **DENSE,
        "quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ignored},
    }
    kept = read_config(config).quantization
    assert kept is not None
    assert WeightPart.ATTENTION in kept.kept
    config["quantization_config"] = {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ignored[:1]}
    kept = read_config(config).quantization
    assert kept is not None
    assert WeightPart.ATTENTION not in kept.kept


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_config(
            json.dumps({"hidden_size": -1, "num_hidden_layers": "many", "vocab_size": None}), source="c.json"
        )
    assert {problem.path for problem in caught.value.problems} == {
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "vocab_size",
    }
    assert all(problem.file == "c.json" for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"a":' * 5000, "\x00"])
def test_an_invalid_config_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_config(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("compress_ratios", [0, 4]),
        ("attn_layer_period", 8),
        ("attn_layer_indices", [9, 18, 27]),
        ("layers_block_type", ["mamba", "hybrid"]),
    ],
)
def test_a_layout_that_is_not_understood_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InputError, match=field):
        read_config({**DENSE, field: value})


def test_layers_of_nemotron_are_read_by_name_as_by_letter() -> None:
    """Transformers 5 writes `layers_block_type` and leaves the number of layers out."""
    document = kubeyaml.load(
        (files("goldenpath.models") / "data" / "models.yaml").read_text(encoding="utf-8"), name="models.yaml"
    )
    name = "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"
    old = next(entry["config"] for entry in document["models"] if entry["name"] == name)
    blocks = {"M": "mamba", "*": "attention", "E": "moe", "-": "mlp"}
    new = {
        key: value
        for key, value in old.items()
        if key not in {"hybrid_override_pattern", "num_hidden_layers"}
    }
    new["layers_block_type"] = [blocks[letter] for letter in old["hybrid_override_pattern"]]
    assert read_config(new).parameters == read_config(old).parameters
    assert read_config(new).attention == read_config(old).attention
    with pytest.raises(InputError, match="layers_block_type"):
        read_config({**new, "layers_block_type": ["mamba", "window"]})


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'Qwen/Qwen3-32B'"):
        model_catalogue().get("qwen3-32b")


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *DENSE,
                "head_dim",
                "num_experts",
                "layer_types",
                "sliding_window",
                "quantization_config",
                "text_config",
                "moe_layer_freq",
                "kv_lora_rank",
                "architectures",
                "layers_block_type",
            ]
        ),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-5, 10**12),
            st.floats(),
            st.text(max_size=5),
            st.lists(st.text(max_size=3), max_size=3),
            st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
        ),
    )
)
def test_any_field_may_be_anything(changes: dict[str, Any]) -> None:
    try:
        model = read_config({**DENSE, **changes})
    except InputError as error:
        assert error.problems  # noqa: PT017 - a refusal is one of two right outcomes
    else:
        assert model.total_parameters > 0

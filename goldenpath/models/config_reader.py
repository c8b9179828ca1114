"""Reads an :class:`Architecture` from a Hugging Face ``config.json``.

The field names are those that vLLM 0.32 reads (vllm/transformers_utils/model_arch_config_convertor.py). An unknown
structure is refused, because a wrong size is worse than no size.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml import unique_keys
from goldenpath.models.architecture import Architecture, AttentionKind, AttentionLayers, WeightPart
from goldenpath.models.config_fields import ConfigFields
from goldenpath.models.config_layers import ConfigLayers
from goldenpath.models.quantization_config import read_quantization

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_CONFIG_BYTES", "parse_config", "read_config"]

MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024
_TWO_MATRICES: Final = frozenset(
    {
        "gpt2",
        "gpt_neox",
        "gptj",
        "falcon",
        "opt",
        "bloom",
        "starcoder2",
        "phi",
        "mpt",
        "gpt_bigcode",
        "nemotron",
        "nemotron_h",
    }
)
"""Model types whose feed-forward network has two matrices; all others have three (gate, up, down)."""
_INDEX_BYTES: Final = 132
"""Key cache of DeepSeek sparse attention for each token and layer: 128 fp8 values and a 4-byte scale (vLLM 0.32)."""


def parse_config(text: str, *, name: str = "", source: str = "config.json") -> Architecture:
    """Read the text of a ``config.json``; :raises InputError: with the file and each invalid field."""
    if len(text) > MAX_CONFIG_BYTES:
        raise InputError.of("", "model-config", f"is larger than {MAX_CONFIG_BYTES} bytes", file=source)
    try:
        document = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        message = f"is not readable JSON: {str(error)[:120]}"
        raise InputError.of("", "model-config", message, file=source) from error
    if not isinstance(document, dict):
        message = "must be a JSON object, such as the config.json of a model"
        raise InputError.of("", "model-config", message, file=source)
    return read_config(document, name=name, source=source)


def read_config(document: Mapping[str, Any], *, name: str = "", source: str = "config.json") -> Architecture:
    """Read a parsed ``config.json``; :raises InputError: with every problem, each with its field."""
    problems: list[Problem] = []
    outer = ConfigFields(document, problems)
    inner = next(
        (outer.inner(key) for key in ("text_config", "llm_config", "language_config") if key in outer), outer
    )
    architecture = _ArchitectureReader(
        outer, inner, name or outer.text("_name_or_path") or "model", source
    ).read()
    if problems:
        raise InputError(problem.in_file(source) for problem in problems)
    return architecture


class _ArchitectureReader(ConfigLayers):
    def __init__(self, outer: ConfigFields, fields: ConfigFields, name: str, source: str) -> None:
        super().__init__(outer, fields)
        self.name, self.source = name, source
        self.notes: list[str] = []

    def read(self) -> Architecture:
        fields = self.fields
        kinds = self.layer_kinds()
        mixes = self.moe_layers()
        latent = fields.integer("kv_lora_rank", least=1)
        tied = self.outer.flag(
            "tie_word_embeddings",
            default=fields.flag("tie_word_embeddings", default=self.model_type.startswith("gemma")),
        )
        parameters = dict.fromkeys(WeightPart, 0)
        parameters[WeightPart.EMBEDDINGS] = self.vocabulary * self.hidden
        parameters[WeightPart.OUTPUT] = 0 if tied else self.vocabulary * self.hidden
        parameters[WeightPart.ATTENTION] = sum(
            self._attention_parameters(kind, latent) * count for kind, count in Counter(kinds).items()
        )
        experts, chosen, width = self._feed_forward(parameters, mixes)
        parameters[WeightPart.VISION] = self._vision()
        state = self._state_bytes(kinds)
        index = fields.integer("index_n_heads") if fields.integer("index_topk") else None
        return Architecture(
            name=self.name,
            model_type=self.model_type,
            layers=self.layers,
            hidden_size=self.hidden,
            heads=self.heads,
            vocabulary=self.vocabulary,
            max_context=self._context(),
            attention=self._attention(kinds, latent),
            parameters=parameters,
            experts=experts,
            experts_per_token=chosen,
            expert_width=width,
            moe_layers=sum(mixes),
            state_layers=sum(kind in ("linear", "mamba") for kind in kinds),
            state_bytes=state,
            index_bytes_per_token=_INDEX_BYTES * self.layers if index else 0,
            quantization=read_quantization(fields, self.layers)
            or (read_quantization(self.outer, self.layers) if fields is not self.outer else None),
            tied_embeddings=tied,
            classes=self.outer.names("architectures"),
            source=self.source,
            notes=tuple(self.notes),
        )

    def _context(self) -> int | None:
        names = (
            "max_position_embeddings",
            "n_positions",
            "max_seq_len",
            "seq_length",
            "max_sequence_length",
            "model_max_length",
        )
        found = [value for name in names if (value := self.fields.integer(name, least=1))]
        return min(found) if found else None

    def _attention(self, kinds: list[str], latent: int | None) -> tuple[AttentionLayers, ...]:
        fields = self.fields
        full, sliding = kinds.count("full"), kinds.count("sliding")
        groups = []
        if latent:
            width = latent + (fields.integer("qk_rope_head_dim") or 0)
            return (AttentionLayers(AttentionKind.LATENT, full + sliding, 1, width, 0),)
        if full:
            heads, key, value = self.kv_shape("full")
            groups.append(AttentionLayers(AttentionKind.FULL, full, heads, key, value))
        if sliding:
            heads, key, value = self.kv_shape("sliding")
            groups.append(AttentionLayers(AttentionKind.SLIDING, sliding, heads, key, value, self.window()))
        return tuple(groups)

    def _attention_parameters(self, kind: str, latent: int | None) -> int:
        fields, hidden = self.fields, self.hidden
        if kind == "none":
            return 0
        if kind == "mamba":
            inner, groups = self._mamba()
            heads = fields.integer("mamba_num_heads", least=1) or 1
            state = fields.integer("ssm_state_size", "mamba_d_state", least=1) or 128
            return hidden * (2 * inner + 2 * groups * state + heads) + inner * hidden
        if kind == "linear":
            key, value = self._linear()
            heads = fields.integer("linear_num_value_heads", least=1) or 1
            return hidden * (2 * key + 2 * value + 2 * heads) + value * hidden
        if latent:
            return self._latent_parameters(latent)
        heads, key, value = self.kv_shape(kind)
        queries = 2 if fields.flag("attn_output_gate", default=self.model_type == "qwen3_next") else 1
        values = 0 if fields.flag("attention_k_eq_v") and kind == "full" else heads * value
        return hidden * (queries * self.heads * key + heads * key + values) + self.heads * value * hidden

    def _latent_parameters(self, latent: int) -> int:
        fields, hidden, heads = self.fields, self.hidden, self.heads
        rope = fields.integer("qk_rope_head_dim") or 0
        plain = fields.integer("qk_nope_head_dim") or 0
        value = fields.integer("v_head_dim", least=1) or plain
        rank = fields.integer("q_lora_rank", least=1)
        queries = hidden * rank + rank * heads * (plain + rope) if rank else hidden * heads * (plain + rope)
        count = queries + hidden * (latent + rope) + latent * heads * (plain + value) + heads * value * hidden
        if rank and (index := fields.integer("index_n_heads")):
            width = fields.integer("index_head_dim") or 0
            count += rank * index * width + hidden * (width + index)
        return count

    def _mamba(self) -> tuple[int, int]:
        heads = self.fields.integer("mamba_num_heads", "mamba_n_heads", least=1)
        width = self.fields.integer("mamba_head_dim", "mamba_d_head", least=1)
        if heads is None or width is None:
            message = "is missing, or mamba_head_dim is; the size of the Mamba state needs both"
            self.fields.refuse("mamba_num_heads", message)
            return 1, 1
        return heads * width, self.fields.integer("n_groups", "mamba_n_groups", least=1) or 1

    def _linear(self) -> tuple[int, int]:
        fields = self.fields
        keys = fields.required("linear_num_key_heads") * fields.required("linear_key_head_dim")
        return keys, fields.required("linear_num_value_heads") * fields.required("linear_value_head_dim")

    def _state_bytes(self, kinds: list[str]) -> int:
        """Return the bytes of all layers: 2 for each element of convolution state, 4 for each of recurrent state."""
        fields, total = self.fields, 0
        if linear := kinds.count("linear"):
            key, value = self._linear()
            steps = (fields.integer("linear_conv_kernel_dim", least=1) or 4) - 1
            total += linear * (
                (2 * key + value) * steps * 2 + value * (fields.integer("linear_key_head_dim") or 1) * 4
            )
        if mamba := kinds.count("mamba"):
            inner, groups = self._mamba()
            state = fields.integer("ssm_state_size", "mamba_d_state", least=1) or 128
            steps = (fields.integer("conv_kernel", "mamba_d_conv", least=1) or 4) - 1
            total += mamba * ((inner + 2 * groups * state) * steps * 2 + inner * state * 4)
        return total

    def _feed_forward(self, parameters: dict[WeightPart, int], mixes: list[bool]) -> tuple[int, int, int]:
        """Count the feed-forward parameters; return the experts of a layer, the experts of a token, and their width."""
        fields, hidden = self.fields, self.hidden
        matrices = 2 if self.model_type in _TWO_MATRICES else 3
        count = sum(mixes)
        experts = self.experts() if count else 0
        wide = fields.integer("intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim", least=1)
        dense_width = fields.integer("intermediate_size_mlp", "dense_intermediate_size", least=1) or wide
        dense = self.pattern.count("-") if self.pattern else self.layers - count
        if dense and dense_width is None:
            dense_width = 4 * hidden
            self.notes.append("intermediate_size is missing; 4 times the hidden size is assumed")
        if dense:
            parameters[WeightPart.DENSE] = dense * matrices * hidden * (dense_width or 0)
        if not experts:
            return 0, 0, 0
        width = fields.integer("moe_intermediate_size", "expert_dim", least=1) or wide
        if width is None:
            fields.refuse("moe_intermediate_size", "is missing; it is the width of one expert")
            return 0, 0, 0
        chosen = fields.integer(
            "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", least=1
        )
        if chosen is None or chosen > experts:
            fields.refuse(
                "num_experts_per_tok", f"must be between 1 and {experts}, the number of experts", chosen
            )
            chosen = 1
        inner = fields.integer("moe_latent_size", least=1)  # Nemotron 3 Super: experts in a narrower space
        parameters[WeightPart.EXPERTS] = count * experts * matrices * (inner or hidden) * width
        parameters[WeightPart.ROUTER] = count * (experts * hidden + 2 * hidden * (inner or 0))
        shared = self._shared_width(width)
        parameters[WeightPart.SHARED_EXPERTS] = count * matrices * hidden * shared
        if fields.flag("enable_moe_block") and wide:
            parameters[WeightPart.DENSE] += count * matrices * hidden * wide
        return experts, chosen, width

    def _shared_width(self, width: int) -> int:
        fields = self.fields
        named = fields.integer(
            "shared_expert_intermediate_size",
            "moe_shared_expert_intermediate_size",
            "shared_intermediate_size",
            "share_expert_dim",
        )
        number = fields.integer("n_shared_experts", "num_shared_experts") or 0
        if named is not None:
            return named
        if self.model_type.startswith("llama4"):
            return width
        return number * width

    def _vision(self) -> int:
        vision = self.outer.inner("vision_config")
        hidden = vision.integer("hidden_size", "embed_dim", "width") or 0
        depth = vision.integer("num_hidden_layers", "depth", "num_layers", "layers") or 0
        wide = vision.integer("intermediate_size") or 4 * hidden
        return depth * (4 * hidden * hidden + 2 * hidden * wide)

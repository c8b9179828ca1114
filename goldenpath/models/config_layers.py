"""Reads the layers of a model from its ``config.json``: their number, their kinds, and their dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from goldenpath.models.config_fields import ConfigFields

__all__ = ["ConfigLayers"]

_MOST_LAYERS: Final = 2000
_UNKNOWN_LAYOUTS: Final = {
    "compress_ratios": "compressed sparse attention (DeepSeek V4)",
    "linear_attn_config": "Kimi delta attention",
    "block_configs": "an individual structure for each layer (Nemotron NAS)",
    "use_mla_sliding": "sliding latent attention",
    "attn_layer_period": "attention in some of its layers (Jamba)",
    "attn_layer_indices": "attention in some of its layers (Bamba)",
}
_NOT_DECODERS: Final = frozenset(
    {"bert", "roberta", "xlm-roberta", "t5", "clip", "vit", "whisper", "siglip", "wav2vec2", "bart"}
)
_BLOCKS: Final = {"mamba": "M", "attention": "*", "moe": "E", "mlp": "-"}
"""Letters of the layers of Nemotron-H, by the name of the layer."""
_ONE_KV_HEAD: Final = "multi_query"


class ConfigLayers:
    """The layers of a config. ``outer`` is the whole config, and ``fields`` is its text model."""

    def __init__(self, outer: ConfigFields, fields: ConfigFields) -> None:
        self.outer, self.fields = outer, fields
        self.model_type = fields.text("model_type") or outer.text("model_type")
        for field, structure in _UNKNOWN_LAYOUTS.items():
            if field in fields:
                fields.refuse(field, f"describes {structure}, whose memory sizing cannot compute yet")
        if self.model_type in _NOT_DECODERS:
            message = "is not a text generator; sizing supports decoder models only"
            fields.refuse("model_type", message, self.model_type)
        self.hidden = fields.required("hidden_size", "n_embd", "d_model")
        pattern = fields.text("hybrid_override_pattern") or self._letters()
        names = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
        counted = not pattern or any(name in fields for name in names)
        layers = fields.required(*names) if counted else len(pattern)
        if layers > _MOST_LAYERS:
            fields.refuse("num_hidden_layers", f"must be at most {_MOST_LAYERS}", layers)
            layers = 1
        self.layers, self.pattern = layers, pattern[:layers] if pattern else ""
        self.heads = fields.required("num_attention_heads", "n_head", "num_heads", "n_heads")
        self.vocabulary = fields.required("vocab_size", "padded_vocab_size")
        self.head_dim = fields.integer("head_dim", "hidden_size_per_head", "kv_channels", least=1) or max(
            1, self.hidden // self.heads
        )
        heads_of_kv = fields.integer(
            "n_head_kv",
            "num_kv_heads",
            "num_key_value_heads",
            "multi_query_group_num",
            "num_attention_groups",
            least=1,
        )
        self.kv_heads = heads_of_kv or (1 if fields.flag(_ONE_KV_HEAD) else self.heads)
        if self.kv_heads > self.heads:
            message = f"must be at most num_attention_heads ({self.heads})"
            fields.refuse("num_key_value_heads", message, self.kv_heads)

    def _letters(self) -> str:
        """Return one letter for each layer of Nemotron-H that Transformers 5 lists; empty without such a list."""
        named = self.fields.document.get("layers_block_type")
        if named is None:
            return ""
        if (
            self.model_type != "nemotron_h"
            or not isinstance(named, list)
            or set(map(str, named)) - set(_BLOCKS)
        ):
            message = (
                "describes an individual structure for each layer, whose memory sizing cannot compute yet"
            )
            self.fields.refuse("layers_block_type", message)
            return ""
        return "".join(_BLOCKS[str(block)] for block in named[: _MOST_LAYERS + 1])

    def layer_kinds(self) -> list[str]:  # noqa: PLR0911 - one return for each notation of a config
        """Return full, sliding, linear, mamba or none for each layer."""
        fields, layers = self.fields, self.layers
        if self.pattern:
            if len(self.pattern) != layers or set(self.pattern) - set("M*E-"):
                message = f"must be {layers} of the letters M, *, E and -"
                fields.refuse("hybrid_override_pattern", message, self.pattern)
            return [{"M": "mamba", "*": "full"}.get(letter, "none") for letter in self.pattern]
        window = self.window()
        if types := fields.values("layer_types", layers):
            named = {
                "full_attention": "full",
                "linear_attention": "linear",
                "attention": "full",
                "mamba": "mamba",
                "deepseek_sparse_attention": "full",
            }
            windowed = "sliding" if window else "full"
            named |= {"sliding_attention": windowed, "chunked_attention": windowed}
            for value in {str(kind) for kind in types} - named.keys():
                fields.refuse("layer_types", f"has a kind of layer that sizing does not know: {value[:60]!r}")
            return [named.get(str(kind), "full") for kind in types]
        if flags := fields.values("hybrid_layer_pattern", layers):
            return ["sliding" if flag == 1 and window else "full" for flag in flags]
        if interval := fields.integer("full_attention_interval", least=1):
            return ["full" if (place + 1) % interval == 0 else "linear" for place in range(layers)]
        if window is None:
            return ["full"] * layers
        pattern = fields.integer("sliding_window_pattern", "_sliding_window_pattern", least=1)
        if pattern is None:
            pattern = {
                "gemma3_text": 6,
                "gemma3": 6,
                "gemma2": 2,
                "llama4_text": 4,
                "llama4": 4,
                "cohere2": 4,
            }.get(self.model_type)
        if pattern is None:
            return ["sliding"] * layers
        return ["full" if (place + 1) % pattern == 0 else "sliding" for place in range(layers)]

    def window(self) -> int | None:
        """Return the tokens that a sliding layer keeps; None without sliding layers."""
        fields = self.fields
        if fields.document.get("use_sliding_window") is False:
            return None
        return fields.integer("sliding_window", "attention_chunk_size") or None

    def kv_shape(self, kind: str) -> tuple[int, int, int]:
        """Return KV heads, key width and value width of a kind of layer."""
        fields = self.fields
        key = self.head_dim
        value = fields.integer("v_head_dim", least=1) or key
        heads = self.kv_heads
        if kind == "full" and (wide := fields.integer("global_head_dim", least=1)):
            key = value = wide
            heads = fields.integer("num_global_key_value_heads", least=1) or heads
        if kind == "sliding":
            heads = fields.integer("swa_num_key_value_heads", least=1) or heads
            key = fields.integer("swa_head_dim", least=1) or key
            value = fields.integer("swa_v_head_dim", least=1) or value
        return heads, key, value

    def moe_layers(self) -> list[bool]:
        """Return for each layer whether it is a mixture of experts."""
        fields, layers = self.fields, self.layers
        if self.pattern:
            return [letter == "E" for letter in self.pattern]
        if not self.experts():
            return [False] * layers
        if flags := fields.values("moe_layer_freq", layers):
            return [flag == 1 for flag in flags]
        first = fields.integer("first_k_dense_replace") or 0
        step = (
            fields.integer("interleave_moe_layer_step", "decoder_sparse_step", "moe_layer_freq", least=1) or 1
        )
        dense = fields.document.get("mlp_only_layers")
        dense_layers = (
            set(dense) if isinstance(dense, list) and all(isinstance(at, int) for at in dense) else set()
        )
        return [
            place >= first and (place + 1) % step == 0 and place not in dense_layers
            for place in range(layers)
        ]

    def experts(self) -> int:
        """Return the routed experts of one layer; 0 for a dense model."""
        names = ("num_experts", "moe_num_experts", "n_routed_experts", "num_local_experts")
        found = self.fields.integer(*names) or 0
        return found if found > 1 else 0

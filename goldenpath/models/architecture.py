"""Facts of a language model that sizing needs: parameters, and attention layers by kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Architecture", "AttentionKind", "AttentionLayers", "Quantization", "WeightPart"]


class AttentionKind(StrEnum):
    """How a layer stores its KV cache."""

    FULL = "full"
    """Keys and values of every token, for each KV head (MHA, GQA, MQA)."""
    SLIDING = "sliding"
    """Keys and values of the last ``window`` tokens only."""
    LATENT = "latent"
    """One compressed vector a token (MLA); tensor parallelism does not divide it."""


class WeightPart(StrEnum):
    """A part of the weights that a quantised checkpoint either converts or keeps at 16 bit."""

    ATTENTION = "attention"
    DENSE = "dense"
    EXPERTS = "experts"
    SHARED_EXPERTS = "shared-experts"
    ROUTER = "router"
    EMBEDDINGS = "embeddings"
    OUTPUT = "output"
    VISION = "vision"


@dataclass(frozen=True, slots=True)
class AttentionLayers:
    """``count`` equal attention layers. Only sliding layers have a ``window``, in tokens.

    A latent layer has one KV head. Its ``key_dim`` is the width of the compressed vector, and its ``value_dim`` is 0.
    """

    kind: AttentionKind
    count: int
    kv_heads: int
    key_dim: int
    value_dim: int
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Quantization:
    """The quantisation of a checkpoint: a ``precision`` of :mod:`goldenpath.sizing`, and the parts that stay at 16 bit."""

    precision: str
    method: str
    kept: frozenset[WeightPart]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One language model. Its parameters are counted from ``config.json``, without norms.

    ``experts_per_token`` and the expert parameters are 0 for a dense model. ``state_bytes`` is the state of linear
    attention or Mamba layers for each sequence, whatever its length. ``index_bytes_per_token`` is the key cache of sparse
    attention (DeepSeek V3.2). ``classes`` are the names under ``architectures``, by which engines recognise a model.
    ``notes`` name missing fields and the assumed values.
    """

    name: str
    model_type: str
    layers: int
    hidden_size: int
    heads: int
    vocabulary: int
    max_context: int | None
    attention: tuple[AttentionLayers, ...]
    parameters: dict[WeightPart, int] = field(hash=False)
    experts: int = 0
    experts_per_token: int = 0
    expert_width: int = 0
    moe_layers: int = 0
    state_layers: int = 0
    state_bytes: int = 0
    index_bytes_per_token: int = 0
    quantization: Quantization | None = None
    tied_embeddings: bool = False
    classes: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def total_parameters(self) -> int:
        """All parameters, including a vision tower that the config describes."""
        return sum(self.parameters.values())

    @property
    def active_parameters(self) -> int:
        """Parameters that one token uses, including the output matrix but not the embeddings."""
        return sum(
            round(count * self.share_of_experts(1)) if part is WeightPart.EXPERTS else count
            for part, count in self.parameters.items()
            if part not in (WeightPart.EMBEDDINGS, WeightPart.VISION)
        ) + (self.parameters[WeightPart.EMBEDDINGS] if self.tied_embeddings else 0)

    def share_of_experts(self, tokens: float) -> float:
        """Return the share of the routed experts that a step with this many tokens reads, with uniform routing."""
        if not self.experts:
            return 0.0
        return 1.0 - math.pow(1.0 - self.experts_per_token / self.experts, tokens)

    @property
    def is_latent(self) -> bool:
        """Whether the KV cache is compressed (MLA)."""
        return any(group.kind is AttentionKind.LATENT for group in self.attention)

    @property
    def kv_heads(self) -> int:
        """KV heads of the layers that keep every token. A larger tensor parallelism copies heads."""
        full = [group.kv_heads for group in self.attention if group.kind is not AttentionKind.SLIDING]
        return max(full or [group.kv_heads for group in self.attention] or [1])

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model_type": self.model_type,
            "layers": self.layers,
            "hidden_size": self.hidden_size,
            "heads": self.heads,
            "vocabulary": self.vocabulary,
            "max_context": self.max_context,
            "parameters": {part.value: count for part, count in self.parameters.items() if count},
            "total_parameters": self.total_parameters,
            "active_parameters": self.active_parameters,
            "attention": [
                {
                    "kind": group.kind.value,
                    "layers": group.count,
                    "kv_heads": group.kv_heads,
                    "key_dim": group.key_dim,
                    "value_dim": group.value_dim,
                    "window": group.window,
                }
                for group in self.attention
            ],
            "experts": self.experts,
            "experts_per_token": self.experts_per_token,
            "state_bytes": self.state_bytes,
            "quantization": None
            if self.quantization is None
            else {
                "precision": self.quantization.precision,
                "method": self.quantization.method,
                "kept_at_16_bit": sorted(part.value for part in self.quantization.kept),
            },
            "source": self.source,
            "notes": list(self.notes),
        }

"""The facts of a language model that sizing needs: parameters, and attention layers by kind."""

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
    """A part of the weights that a quantised checkpoint converts, or keeps at 16 bit, as a whole."""

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
    """``count`` equal attention layers. ``window`` is in tokens, and only sliding layers have one.

    A latent layer has one KV head; ``key_dim`` is the width of its compressed vector and ``value_dim`` is 0.
    """

    kind: AttentionKind
    count: int
    kv_heads: int
    key_dim: int
    value_dim: int
    window: int | None = None

    @property
    def elements_per_token(self) -> int:
        """KV elements a token over all of these layers, undivided."""
        return self.count * self.kv_heads * (self.key_dim + self.value_dim)


@dataclass(frozen=True, slots=True)
class Quantization:
    """The quantisation of a checkpoint: a ``precision`` of :mod:`goldenpath.sizing`, and what stays at 16 bit."""

    precision: str
    method: str
    kept: frozenset[WeightPart]
    group_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One language model. Parameters are counted from the fields of its ``config.json``; norms are left out.

    ``experts_per_token`` and the expert parameters are 0 for a dense model. ``state_bytes`` is what linear
    attention or Mamba layers keep for each sequence, whatever its length. ``index_bytes_per_token`` is the key
    cache of sparse attention (DeepSeek V3.2). ``classes`` are the names under ``architectures``, by which engines know a model. ``notes`` say where a field was missing and what was assumed.
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
        """All parameters, the vision tower included where the config describes one."""
        return sum(self.parameters.values())

    @property
    def active_parameters(self) -> int:
        """Parameters that take part in one token, embeddings left out and the output matrix included."""
        return sum(
            round(count * self.share_of_experts(1)) if part is WeightPart.EXPERTS else count
            for part, count in self.parameters.items()
            if part not in (WeightPart.EMBEDDINGS, WeightPart.VISION)
        ) + (self.parameters[WeightPart.EMBEDDINGS] if self.tied_embeddings else 0)

    def share_of_experts(self, tokens: float) -> float:
        """The share of the routed experts that a step with this many tokens reads, if routing is uniform."""
        if not self.experts:
            return 0.0
        return 1.0 - math.pow(1.0 - self.experts_per_token / self.experts, tokens)

    @property
    def is_latent(self) -> bool:
        """Whether the KV cache is compressed (MLA)."""
        return any(group.kind is AttentionKind.LATENT for group in self.attention)

    @property
    def kv_heads(self) -> int:
        """KV heads of the layers that keep every token; beyond this, tensor parallelism copies heads."""
        full = [group.kv_heads for group in self.attention if group.kind is not AttentionKind.SLIDING]
        return max(full or [group.kv_heads for group in self.attention] or [1])

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
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

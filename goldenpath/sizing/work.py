"""Computes the work of one engine step, as terms in seconds of an ideal device.

Each term is the roofline time of one resource. The time of a step is the weighted sum of the terms. The weights are fitted
from measurements (``data/step_time.yaml``), with one set for each engine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from goldenpath.models import AttentionKind, WeightPart
from goldenpath.sizing.precision import KV_PRECISIONS, WEIGHT_PRECISIONS, kept_parts

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing.devices import Device
    from goldenpath.sizing.parallelism import Parallelism

__all__ = ["TERMS", "WorkModel"]

TERMS: Final = (
    "weights_16",
    "weights_8",
    "weights_4",
    "experts",
    "kv",
    "compute",
    "prefill_compute",
    "prefill_attention",
    "prefill_tokens",
    "all_reduce",
    "all_reduce_start",
    "layers",
    "moe_layers",
    "moe_layers_4bit",
    "state_layers",
    "latent_layers",
    "step",
    "sequences",
)
"""The terms, in the order of the fitted constants.

weights_16/8/4   reading the weights outside the experts, by the precision in which they are stored
experts          reading the experts that a step's tokens use
kv               reading the KV cache of the running sequences
compute          arithmetic of the decoding tokens
prefill_*        arithmetic of prompt tokens, of their attention, and a fixed cost for each token
all_reduce*      moving activations between devices, and starting to move them
layers, …        a fixed cost for each layer, mixture-of-experts layer, recurrent layer and latent layer; devices with
                 4-bit arithmetic have newer expert kernels, so their mixture-of-experts layers have a separate term
step, sequences  a fixed cost for each step, and for each sequence in it
"""

_GIGA: Final = 1e9
_TERA: Final = 1e12
_MICRO: Final = 1e-6
_BITS_16: Final = 2.0
_BITS_8: Final = 1.0


class WorkModel:
    """Computes the terms of steps of one model on one group of devices."""

    def __init__(
        self,
        model: Architecture,
        device: Device,
        parallelism: Parallelism,
        precision: str,
        kv_precision: str = "bf16",
    ) -> None:
        self.model, self.device, self.parallelism = model, device, parallelism
        self.ways = parallelism.tensor
        self.expert_ways = parallelism.tensor * parallelism.data
        kept = kept_parts(model, precision)
        converted = WEIGHT_PRECISIONS[precision]
        self.peak = device.peak(precision) * _TERA
        self.expert_bytes = model.parameters[WeightPart.EXPERTS] * (
            _BITS_16 if WeightPart.EXPERTS in kept else converted
        )
        self.read_bytes = {_BITS_16: 0.0, _BITS_8: 0.0, 0.5: 0.0}
        for part, count in model.parameters.items():
            if part in (WeightPart.EXPERTS, WeightPart.VISION) or (
                part is WeightPart.EMBEDDINGS and not model.tied_embeddings
            ):
                continue
            size = _BITS_16 if part in kept else converted
            bucket = _BITS_16 if size >= _BITS_16 else _BITS_8 if size >= _BITS_8 else 0.5
            self.read_bytes[bucket] += count * size
        self.active = model.active_parameters
        self.kv_element = KV_PRECISIONS[kv_precision]
        self.latent = model.is_latent
        self.attention_flops = sum(
            2 * group.count * model.heads * (group.key_dim + (group.value_dim or group.key_dim))
            for group in model.attention
        )

    def kv_bytes(self, tokens: float) -> float:
        """Return the KV bytes of one sequence of this length that one device reads in a step."""
        total = 0.0
        for group in self.model.attention:
            kept = min(tokens, group.window) if group.window else tokens
            heads = 1.0 if group.kind is AttentionKind.LATENT else max(1.0, group.kv_heads / self.ways)
            total += group.count * heads * (group.key_dim + group.value_dim) * self.kv_element * kept
        return total + self.model.index_bytes_per_token * tokens + self.model.state_bytes / self.ways

    def decode(self, sequences: float, context: float) -> list[float]:
        """Return the terms of a step with one token for each of ``sequences``, whose mean length is ``context``."""
        model, device = self.model, self.device
        bandwidth = device.bandwidth * _GIGA
        each = sequences / self.parallelism.data
        reached = model.share_of_experts(sequences) if model.experts else 0.0
        bytes_moved = each * model.hidden_size * 2
        spread = self.ways if self.parallelism.data == 1 else self.parallelism.data
        several = spread > 1
        link = max(device.link, device.network) * _GIGA if several else 1.0
        newer = "fp4" in device.tflops
        terms = [
            self.read_bytes[_BITS_16] / self.ways / bandwidth,
            self.read_bytes[_BITS_8] / self.ways / bandwidth,
            self.read_bytes[0.5] / self.ways / bandwidth,
            self.expert_bytes * reached / self.expert_ways / bandwidth,
            each * self.kv_bytes(context) / bandwidth,
            2 * self.active * sequences / self.expert_ways / self.peak,
            0.0,
            0.0,
            0.0,
            2 * model.layers * bytes_moved * 2 * (spread - 1) / spread / link if several else 0.0,
            model.layers * math.log2(spread) * _MICRO if several else 0.0,
            model.layers * _MICRO,
            0.0 if newer else model.moe_layers * _MICRO,
            model.moe_layers * _MICRO if newer else 0.0,
            model.state_layers * _MICRO,
            model.layers * _MICRO if self.latent else 0.0,
            1000 * _MICRO,
            sequences * _MICRO,
        ]
        return [term / device.kernels for term in terms]

    def prefill(self, tokens: float, before: float = 0.0) -> list[float]:
        """Return the terms of ``tokens`` prompt tokens in a step, after ``before`` computed tokens of the prompt."""
        model, device = self.model, self.device
        spread = self.expert_ways
        several = spread > 1
        link = max(device.link, device.network) * _GIGA if several else 1.0
        windows = [group.window for group in model.attention if group.window]
        reach = before + tokens / 2
        if windows:
            full = sum(group.count for group in model.attention if not group.window)
            part = full / max(1, sum(group.count for group in model.attention))
            reach = part * reach + (1 - part) * min(reach, windows[0])
        bytes_moved = tokens * model.hidden_size * 2
        terms = [0.0] * len(TERMS)
        terms[TERMS.index("prefill_compute")] = 2 * self.active * tokens / spread / self.peak
        terms[TERMS.index("prefill_attention")] = (
            self.attention_flops * tokens * reach / spread / (device.tflops["bf16"] * _TERA)
        )
        terms[TERMS.index("prefill_tokens")] = tokens * model.layers / 60 * _MICRO
        terms[TERMS.index("all_reduce")] = (
            2 * model.layers * bytes_moved * 2 * (spread - 1) / spread / link if several else 0.0
        )
        return [term / device.kernels for term in terms]

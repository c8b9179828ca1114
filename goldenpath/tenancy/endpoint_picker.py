"""The endpoint picker of an inference service, which chooses a server for each request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.spec.types import rate_a_second

if TYPE_CHECKING:
    from goldenpath.spec.inference_service import InferenceService
    from goldenpath.tenancy.platform import Platform

__all__ = ["PickerServer", "picker_of"]

_PICKED_ENGINES: Final = frozenset({"sglang", "vllm"})
"""Engines whose metrics llm-d Router reads without extra settings (core-metrics-extractor, v0.10)."""
_MEMORY: Final = "4Gi"
"""llm-d Router v0.10, docs/metrics.md: 0.5 to 1 core for each request a second, 4 to 6 GiB."""


@dataclass(frozen=True, slots=True)
class PickerServer:
    """A picker. ``cpu`` and ``memory`` are Kubernetes quantities; ``image`` includes the digest."""

    name: str
    image: str
    cpu: str
    memory: str


def picker_of(spec: InferenceService, platform: Platform) -> PickerServer | None:
    """Return the picker of a service; None without a route, on a cluster without a picker, or for an unsupported engine."""
    gateway, picker = platform.gateway, platform.picker
    has_route = spec.expose is not None and gateway is not None and gateway.name is not None
    if not has_route or picker is None or spec.engine.name not in _PICKED_ENGINES:
        return None
    cores = 1 if spec.goal is None else max(1, math.ceil(rate_a_second(spec.goal.requests)))
    return PickerServer(f"{spec.name}-picker", picker.image, str(cores), _MEMORY)

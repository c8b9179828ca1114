"""Six hours of recorded series of two tenants and a service, for queries and drawings of dashboards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

START: Final = 1_793_923_200.0
"""2026-11-06 00:00 UTC."""
STEPS: Final = 72
STEP_SECONDS: Final = 300


def _wave(low: float, high: float, phase: float = 0) -> Callable[[float], float]:
    return lambda at: round(low + (high - low) * (0.5 - 0.5 * math.cos(2 * math.pi * (at + phase))), 4)


def _levels(*levels: float) -> Callable[[float], float]:
    return lambda at: levels[min(int(at * len(levels)), len(levels) - 1)]


_CHAT = 'namespace="vision",workload="chat"'
_TTFT = f'goal="time-to-first-token",{_CHAT}'
_SHAPES: Final[dict[str, Callable[[float], float]]] = {
    'goldenpath:accelerators_held:sum{namespace="vision",pod="chat-1",resource="nvidia_com_gpu"}': _levels(4),
    'goldenpath:accelerators_held:sum{namespace="speech",pod="train-0",resource="nvidia_com_gpu"}': _levels(
        0, 8, 8, 8
    ),
    'goldenpath:accelerator_utilisation:avg{namespace="vision",pod="chat-1"}': _wave(0.35, 0.9),
    'goldenpath:accelerator_utilisation:avg{namespace="vision",pod="notebook-0"}': _wave(0, 0.03),
    'goldenpath:accelerator_utilisation:avg{namespace="speech",pod="train-0"}': _wave(0.85, 0.97, 0.3),
    'goldenpath:queue_usage:max{namespace="vision",flavor="nvidia-h100-80gb",resource="nvidia.com/gpu"}': _levels(
        5, 5, 7, 6
    ),
    'goldenpath:queue_usage:max{namespace="speech",flavor="nvidia-h100-80gb",resource="nvidia.com/gpu"}': _levels(
        0, 8, 8, 8
    ),
    'goldenpath:queue_pending:sum{namespace="speech",status="inadmissible"}': _levels(0, 0, 2, 3),
    'goldenpath:queue_pending:sum{namespace="vision",status="active"}': _levels(0),
    'goldenpath:quota_used:ratio{namespace="vision",resourcequota="accelerators",resource="requests.nvidia.com/gpu"}': _levels(
        0.62, 0.62, 0.88, 0.75
    ),
    'goldenpath:quota_used:ratio{namespace="vision",resourcequota="compute",resource="cpu"}': _wave(0.3, 0.5),
    'goldenpath:quota_used:ratio{namespace="speech",resourcequota="accelerators",resource="requests.nvidia.com/gpu"}': _levels(
        0, 1, 1, 1
    ),
    'goldenpath:flux_not_ready:max{namespace="speech",kind="Kustomization",name="apps"}': _levels(0, 0, 0, 1),
    'goldenpath:drift_objects:max{namespace="speech"}': _levels(0, 0, 1, 2),
    'goldenpath:drift_objects:max{namespace="vision",workload="chat"}': _levels(0),
    'goldenpath:accelerators_reserved_idle:sum{namespace="speech"}': _levels(0),
    'goldenpath:accelerators_reserved_idle:sum{namespace="vision"}': _levels(1, 1, 3, 2),
    'goldenpath:scaler_errors:rate5m{namespace="vision",scaledObject="chat"}': _levels(0, 0, 0.2, 0),
    'goldenpath:certificate_seconds_left:min{namespace="vision",name="chat"}': lambda at: (
        2_592_000 - at * 21_600
    ),
    'ALERTS{alertname="TenantQuotaNearlyUsed",alertstate="firing",severity="warning",tenant="speech"}': _levels(
        0, 1, 1, 1
    ),
    'ALERTS{alertname="InferenceGoalBurnsFast",alertstate="firing",severity="critical",tenant="vision"}': _levels(
        1
    ),
    f"goldenpath:inference_tokens:rate5m{{{_CHAT}}}": _wave(900, 4200),
    f"goldenpath:inference_running:sum{{{_CHAT}}}": _wave(12, 96),
    f"goldenpath:inference_waiting:sum{{{_CHAT}}}": _levels(0, 0, 9, 3, 0, 0),
    f"goldenpath:inference_accelerators:sum{{{_CHAT}}}": _levels(4),
    f"goldenpath:inference_cache_used:max{{{_CHAT}}}": _wave(0.2, 0.93),
    f'goldenpath:inference_latency:mean10m{{latency="time-to-first-token",{_CHAT}}}': _wave(0.25, 0.9),
    f'goldenpath:inference_latency:mean10m{{latency="inter-token-latency",{_CHAT}}}': _wave(0.02, 0.04),
    f'goldenpath:inference_within_goal:ratio{{seconds="0.75",{_TTFT}}}': _wave(0.98, 0.6),
    f"goldenpath:inference_slow_answers:ratio_rate5m{{{_TTFT}}}": _wave(0.01, 0.14),
    f"goldenpath:inference_slow_answers:ratio_rate1h{{{_TTFT}}}": _wave(0.01, 0.1, -0.06),
    f"goldenpath:inference_slow_answers:ratio_rate6h{{{_TTFT}}}": _wave(0.02, 0.05, -0.2),
}


def recorded() -> dict[str, list[tuple[float, float]]]:
    """Samples by series, as (seconds since 1970, value)."""
    return {
        name: [(START + STEP_SECONDS * step, shape(step / STEPS)) for step in range(STEPS + 1)]
        for name, shape in _SHAPES.items()
    }

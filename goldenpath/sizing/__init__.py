"""Sizing: from a model, an accelerator and an engine to memory, parallelism, time and replicas.

::

    from goldenpath.models import model_catalogue
    from goldenpath.sizing import Goal, Traffic, choose, fit, plans, size

    llama = model_catalogue().get("meta-llama/Llama-3.3-70B-Instruct")
    best = choose(llama, "nvidia-h100-80gb", "vllm", "0.33.0", precision="fp8", context=8192, concurrency=32)
    best.parallelism.tensor, best.fit.kv_tokens.value, best.reason
    plans(llama, "nvidia-h100-80gb", precision="fp8", context=8192)   # every parallelism that fits, best first
    fit(llama, "nvidia-h200-141gb", precision="fp8", context=8192)    # one parallelism; see .fits and .reason

    size(llama, "nvidia-h100-80gb", Traffic(4, 1500, 300), Goal(ttft=0.8, itl=0.04), precision="fp8")

For: numbers with an 80 % interval and their source. Constants are data (``data/``), fitted by
``tools/fit_sizing.py`` from public measurements.

Not for: requests (``spec``), manifests (``render``), and reading clusters or the network.
"""

from goldenpath.sizing.devices import Device, device, known_devices
from goldenpath.sizing.engine_memory import SIZED_ENGINES, MemorySettings
from goldenpath.sizing.estimate import Estimate
from goldenpath.sizing.memory import Fit, fit
from goldenpath.sizing.parallelism import Parallelism
from goldenpath.sizing.planning import ParallelismChoice, choose, nearest_that_fits, plans
from goldenpath.sizing.precision import KV_PRECISIONS, WEIGHT_PRECISIONS
from goldenpath.sizing.service import LatencyLimits, Sizing, Traffic, cold_start, size

__all__ = [
    "KV_PRECISIONS",
    "SIZED_ENGINES",
    "WEIGHT_PRECISIONS",
    "Device",
    "Estimate",
    "Fit",
    "LatencyLimits",
    "MemorySettings",
    "Parallelism",
    "ParallelismChoice",
    "Sizing",
    "Traffic",
    "choose",
    "cold_start",
    "device",
    "fit",
    "known_devices",
    "nearest_that_fits",
    "plans",
    "size",
]

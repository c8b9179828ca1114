"""Device memory that an engine uses in addition to the weights, by engine and version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.engines import EngineVersion, engine_catalogue
from goldenpath.errors import InputError, Problem
from goldenpath.sizing.data_files import data_file
from goldenpath.sizing.devices import GIB

if TYPE_CHECKING:
    from goldenpath.models import Architecture
    from goldenpath.sizing.devices import Device
    from goldenpath.sizing.parallelism import Parallelism

__all__ = ["SIZED_ENGINES", "MemorySettings", "Reserve", "engine_settings", "reserve"]

SIZED_ENGINES: Final = ("vllm", "sglang", "tensorrt-llm")
_LARGE_GIB: Final = 155.0
_SERVER_GIB: Final = 69.0
_SGLANG_TABLE: Final = (
    (20, 2048, 8, 8),
    (35, 4096, 48, 160),
    (60, 4096, 32, 160),
    (155, 8192, 256, 512),
    (10**9, 16384, 512, 512),
)
"""SGLang 0.5.23: limit of memory in GiB, chunk, and graph batch for fewer than 4 and for 4 or more tensor ranks."""
_MANY_RANKS: Final = 4
_DATA: Final = "engine_memory.yaml"


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """An engine's version and the settings that determine memory, with defaults filled in.

    ``utilization`` is the share of the device that the engine may use: ``gpu_memory_utilization`` of vLLM,
    ``mem_fraction_static`` of SGLang (None: computed), ``free_gpu_memory_fraction`` of TensorRT-LLM.
    """

    engine: str
    version: str
    utilization: float | None
    max_num_seqs: int
    max_num_batched_tokens: int
    block: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """GiB of one device: the budget for weights and KV cache, and the engine's own memory with its deviation."""

    budget_gib: float
    overhead_gib: float
    deviation_gib: float
    parts: dict[str, float]
    sources: tuple[str, ...]


def engine_settings(
    device: Device,
    engine: str = "vllm",
    version: str | None = None,
    *,
    utilization: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
) -> MemorySettings:
    """Fill in the defaults of the engine on this device.

    :raises InputError: for an engine without figures, an unknown version, or an invalid setting.
    """
    problems = []
    if engine not in SIZED_ENGINES:
        message = f"cannot be sized; sizing has figures for {', '.join(SIZED_ENGINES)}"
        raise InputError(
            [Problem("engine", "sizing-engine", message, engine, engine_catalogue().nearest(engine))]
        )
    at = version or engine_catalogue().get(engine).default_version
    try:
        EngineVersion.parse(at)
    except ValueError as error:
        problems.append(Problem("engine.version", "sizing-engine", str(error), at))
    if utilization is not None and not 0 < utilization < 1:
        problems.append(Problem("utilization", "sizing-settings", "must be between 0 and 1", utilization))
    for name, value in (("max-num-seqs", max_num_seqs), ("max-num-batched-tokens", max_num_batched_tokens)):
        if value is not None and not 1 <= value <= 10**6:
            problems.append(Problem(name, "sizing-settings", "must be between 1 and 1000000", value))
    if problems:
        raise InputError(problems)
    sequences, tokens = _defaults(device, engine)
    block = 32 if engine == "tensorrt-llm" else 16 if engine == "vllm" else 1
    return MemorySettings(
        engine, at, utilization, max_num_seqs or sequences, max_num_batched_tokens or tokens, block
    )


def _defaults(device: Device, engine: str) -> tuple[int, int]:
    """Return ``max_num_seqs`` and the limit of batched tokens by memory (vllm@0.32.0, vllm/engine/arg_utils.py)."""
    if engine == "sglang":
        chunk = next(chunk for limit, chunk, _, _ in _SGLANG_TABLE if device.usable_gib < limit)
        return 1024, chunk
    if engine == "tensorrt-llm":
        return 2048, 8192
    if device.usable_gib >= _LARGE_GIB:
        return 1024, 16384
    if device.usable_gib >= _SERVER_GIB and not device.id.startswith("nvidia-a100"):
        return 1024, 8192
    return 256, 2048


def reserve(
    settings: MemorySettings, device: Device, model: Architecture, parallelism: Parallelism
) -> Reserve:
    """Return the memory of one device for weights and KV cache, and the engine's own memory."""
    if settings.engine == "vllm":
        return _vllm(settings, device, model, parallelism)
    if settings.engine == "sglang":
        return _sglang(settings, device, parallelism)
    return _tensorrt(device, parallelism)


def _vllm(settings: MemorySettings, device: Device, model: Architecture, parallelism: Parallelism) -> Reserve:
    document = data_file(_DATA)
    version = EngineVersion.parse(settings.version)
    facts = next(entry for entry in document["vllm"] if version <= EngineVersion.parse(str(entry["last"])))
    several = parallelism.devices > 1
    parts = {
        "fixed": float(facts["fixed_gib"]),
        "sampler": facts["sampler"] * settings.max_num_seqs * model.vocabulary / GIB,
        "batched tokens": facts["batched_token_bytes"]
        * model.hidden_size
        * max(0, settings.max_num_batched_tokens - 2048)
        / GIB,
        "outside the allocator": float(facts["non_torch_gib"]["multiple" if several else "single"]),
        "experts": float(facts["moe_gib"]) if model.experts else 0.0,
        "CUDA graphs": float(facts["graphs_gib"]),
        "image warm-up": float(document["image_warm_up_gib"].get(model.model_type, 0.0)),
    }
    share = settings.utilization or float(facts["utilization"])
    sources = tuple(document["sources"][key] for key in facts["sources"])
    deviation = float(facts["deviation_gib"]) + 0.25 * (parts["image warm-up"] + parts["experts"])
    return Reserve(share * device.usable_gib, sum(parts.values()), deviation, parts, sources)


def _sglang(settings: MemorySettings, device: Device, parallelism: Parallelism) -> Reserve:
    """Return the reserve from which SGLang 0.5.23 computes ``mem_fraction_static``, the share of weights and KV cache."""
    source = (data_file(_DATA)["sources"]["sglang-0.5.23"],)
    if settings.utilization is not None:
        return Reserve(settings.utilization * device.usable_gib, 0.0, 0.5, {}, source)
    row = next(row for row in _SGLANG_TABLE if device.usable_gib < row[0])
    graph = row[3] if parallelism.tensor >= _MANY_RANKS else row[2]
    megabytes = (
        512
        + 1.5 * settings.max_num_batched_tokens
        + 128 * parallelism.tensor * parallelism.pipeline
        + 2 * graph
    )
    if parallelism.data > 1:
        megabytes += 3 * graph * parallelism.data
    kept = megabytes / 1024
    if device.usable_gib > 60:  # noqa: PLR2004 - the engine's own limit
        kept = max(kept, 10.0)
    return Reserve(device.usable_gib, kept, 0.8, {"mem_fraction_static": kept}, source)


def _tensorrt(device: Device, parallelism: Parallelism) -> Reserve:
    """Return the whole device and the workspace. ``fit`` takes 90 % of the memory after weights and workspace."""
    kept = 2.0 if parallelism.devices == 1 else 3.0
    source = (data_file(_DATA)["sources"]["trtllm-1.4"],)
    return Reserve(device.usable_gib, kept, 1.0, {"workspace": kept}, source)

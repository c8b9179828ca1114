"""The command line of an inference server, for one version of its engine.

Sources: vLLM 0.32.0 (``vllm/engine/arg_utils.py``), SGLang 0.5.23 (``sglang/srt/server_args.py``), TensorRT-LLM 1.2.1 and
1.3.0rc22 (reference of ``trtllm-serve``), llama.cpp (``tools/server``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath.engines import EngineVersion, argument_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.sizing import Parallelism

__all__ = ["PORT", "EngineCommand", "engine_command"]

PORT: Final = 8000
"""The port of the server, for its API, health and metrics."""
_MASTER_PORT: Final = 20000
_SHUTDOWN_TIMEOUT_SINCE: Final = EngineVersion.parse("0.18.0")
"""The first vLLM version that finishes running answers on SIGTERM (vllm-project/vllm, pull request 36666)."""
_SLOTS: Final = 4
"""The default number of sequences that llama-server serves at once."""

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """A command with its arguments.

    ``worker_arguments`` are the arguments of the other Pods, if the server spans several nodes. ``finishes`` means that
    the engine finishes running answers when it stops.
    """

    command: tuple[str, ...]
    arguments: tuple[str, ...]
    worker_arguments: tuple[str, ...] = ()
    finishes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """The settings of a service that its command line contains. ``more`` are the arguments of the request."""

    version: str
    model: str
    path: str
    context: int | None
    parallelism: Parallelism
    kv_precision: str | None
    max_sequences: int | None
    shutdown_seconds: int
    more: Mapping[str, Value]


def engine_command(engine: str, settings: EngineSettings) -> EngineCommand:
    """Return the command line of an engine in the catalogue."""
    return _ENGINES[engine](settings)


def _flags(pairs: Mapping[str, Value | None]) -> tuple[str, ...]:
    """Write each pair as ``--name=value``. True is a bare ``--name``; None and false are left out."""
    return tuple(
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in pairs.items()
        if value is not None and value is not False
    )


def _more_than_one(number: int) -> int | None:
    return number if number > 1 else None


def _vllm(settings: EngineSettings) -> EngineCommand:
    spread = settings.parallelism
    finishes = EngineVersion.parse(settings.version) >= _SHUTDOWN_TIMEOUT_SINCE
    own: dict[str, Value | None] = {
        "served-model-name": settings.model,
        "port": PORT,
        "max-model-len": settings.context,
        "tensor-parallel-size": _more_than_one(spread.tensor),
        "pipeline-parallel-size": _more_than_one(spread.pipeline),
        "data-parallel-size": _more_than_one(spread.data),
        "enable-expert-parallel": spread.expert,
        "kv-cache-dtype": settings.kv_precision if settings.kv_precision == "fp8" else None,
        "max-num-seqs": settings.max_sequences,
        "shutdown-timeout": settings.shutdown_seconds if finishes else None,
    }
    # vLLM turns a switch off with `--no-<name>`.
    more = {
        (f"no-{name}" if value is False else name): (True if value is False else value)
        for name, value in sorted(settings.more.items())
    }
    nodes = _nodes(spread.nodes, "master-addr", "$(LWS_LEADER_ADDRESS)")
    arguments = _flags({**own, **nodes, **more})
    worker = _flags({**own, **nodes, "headless": True, **more}) if nodes else ()
    return EngineCommand(("vllm", "serve", settings.path), arguments, worker, finishes=finishes)


def _sglang(settings: EngineSettings) -> EngineCommand:
    spread = settings.parallelism
    # With data-parallel attention, SGLang's tensor parallelism is the number of all devices.
    tensor = spread.tensor * spread.data
    own: dict[str, Value | None] = {
        "model-path": settings.path,
        "served-model-name": settings.model,
        "host": "0.0.0.0",  # noqa: S104 - the address of the Pod, behind its network policies
        "port": PORT,
        "context-length": settings.context,
        "tp-size": _more_than_one(tensor),
        "pp-size": _more_than_one(spread.pipeline),
        **_data_parallel_attention(settings),
        "ep-size": tensor if spread.expert else None,
        "kv-cache-dtype": "fp8_e4m3" if settings.kv_precision == "fp8" else None,
        "max-running-requests": settings.max_sequences,
        "enable-metrics": True,
    }
    nodes = _nodes(spread.nodes, "dist-init-addr", f"$(LWS_LEADER_ADDRESS):{_MASTER_PORT}")
    arguments = _flags({**own, **nodes, **dict(sorted(settings.more.items()))})
    return EngineCommand(("python3", "-m", "sglang.launch_server"), arguments, arguments if nodes else ())


def _data_parallel_attention(settings: EngineSettings) -> dict[str, Value | None]:
    """Return the argument for data-parallel attention, or its two predecessors in older versions."""
    size = _more_than_one(settings.parallelism.data)
    known = argument_list("sglang", settings.version)
    if known is not None and known.get("--attn-dp-size") is not None:
        return {"attn-dp-size": size}
    return {"dp-size": size, "enable-dp-attention": size is not None}


def _nodes(number: int, leader: str, address: str) -> dict[str, Value | None]:
    """Return the arguments for the place of a Pod in its group, from the environment that LeaderWorkerSet sets."""
    if number == 1:
        return {}
    return {"nnodes": number, "node-rank": "$(LWS_WORKER_INDEX)", leader: address}


def _tensorrt_llm(settings: EngineSettings) -> EngineCommand:
    spread = settings.parallelism
    known = argument_list("tensorrt-llm", settings.version)
    own: dict[str, Value | None] = {
        "host": "0.0.0.0",  # noqa: S104 - as above
        "port": PORT,
        "tp_size": _more_than_one(spread.tensor),
        "pp_size": _more_than_one(spread.pipeline),
        "ep_size": spread.tensor if spread.expert else None,
        "max_seq_len": settings.context,
        "max_batch_size": settings.max_sequences,
    }
    later: dict[str, Value | None] = {
        "served_model_name": settings.model,
        "kv_cache_dtype": "fp8" if settings.kv_precision == "fp8" else None,
        # Without this, the server sends telemetry to NVIDIA.
        "no-telemetry": True,
    }
    own |= {name: value for name, value in later.items() if known is not None and known.get(f"--{name}")}
    return EngineCommand(
        ("trtllm-serve", settings.path),
        _flags({**own, **dict(sorted(settings.more.items()))}),
        finishes=False,
    )


def _llama_cpp(settings: EngineSettings) -> EngineCommand:
    slots = settings.more.get("parallel", settings.max_sequences or _SLOTS)
    number = slots if isinstance(slots, int) else _SLOTS
    own: dict[str, Value | None] = {
        "model": settings.path,
        "alias": settings.model,
        "host": "0.0.0.0",  # noqa: S104 - as above
        "port": PORT,
        # llama-server divides the context among its slots.
        "ctx-size": settings.context * number if settings.context else None,
        "parallel": number,
        "metrics": True,
    }
    more = {name: value for name, value in sorted(settings.more.items()) if name != "parallel"}
    pairs = {**own, **more}
    # llama-server does not accept `--name=value`.
    flags = tuple(
        part
        for name, value in pairs.items()
        if value is not None and value is not False
        for part in ((f"--{name}",) if value is True else (f"--{name}", str(value)))
    )
    return EngineCommand(("/app/llama-server",), flags, finishes=False)


_ENGINES: Final = {
    "llama-cpp": _llama_cpp,
    "sglang": _sglang,
    "tensorrt-llm": _tensorrt_llm,
    "vllm": _vllm,
}

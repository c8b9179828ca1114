"""The version of the engine accepts every argument of a rendered server."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.engines import argument_list, argument_versions, engine_catalogue, request_arguments
from goldenpath.sizing import Parallelism
from goldenpath.tenancy.engine_command import EngineSettings, engine_command

ENGINES = ("sglang", "tensorrt-llm", "vllm")
LISTED = [(engine, str(version)) for engine in ENGINES for version in argument_versions(engine)]
LAYOUTS = {
    "one device": Parallelism(),
    "several devices": Parallelism(tensor=4),
    "experts": Parallelism(tensor=1, data=8, expert=True),
    "two nodes": Parallelism(tensor=8, pipeline=2, nodes=2),
    "experts over two nodes": Parallelism(tensor=1, data=16, expert=True, nodes=2),
}


def settings(version: str, layout: Parallelism, **changes: Any) -> EngineSettings:
    asked = {
        "version": version,
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "path": "/model",
        "context": 8192,
        "parallelism": layout,
        "kv_precision": "fp8",
        "max_sequences": 64,
        "shutdown_seconds": 30,
        "more": {},
    }
    return EngineSettings(**(asked | changes))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(("engine", "version"), LISTED)
def test_a_version_takes_every_argument_of_its_command(
    engine: str, version: str, layout: Parallelism
) -> None:
    known = argument_list(engine, version)
    assert known is not None
    command = engine_command(engine, settings(version, layout))
    lines = (*known.problems(command.arguments), *known.problems(command.worker_arguments))
    unknown = {said.split()[0] for said in lines}
    # vLLM 0.10 spans nodes only with Ray: `goldenpath check` refuses such a request with these very words.
    assert unknown == (
        {"--nnodes", "--node-rank", "--master-addr"}
        if engine == "vllm" and layout.nodes > 1 and not known.get("--nnodes")
        else set()
    )


def test_tensorrt_llm_arguments_depend_on_the_version() -> None:
    def said(version: str) -> tuple[str, ...]:
        return engine_command("tensorrt-llm", settings(version, Parallelism())).arguments

    later = {"--served_model_name=meta-llama/Llama-3.1-8B-Instruct", "--kv_cache_dtype=fp8", "--no-telemetry"}
    assert later <= set(said("1.3.0rc22"))
    assert later.isdisjoint(said("1.2.1"))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_default_version_gets_no_deprecated_argument(engine: str, layout: Parallelism) -> None:
    version = str(engine_catalogue().get(engine).default_version)
    known = argument_list(engine, version)
    assert known is not None
    names = [
        argument.partition("=")[0] for argument in engine_command(engine, settings(version, layout)).arguments
    ]
    assert [name for name in names if (found := known.get(name)) is not None and found.deprecated] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_settable_fields_are_arguments_of_the_default_version(engine: str) -> None:
    known = argument_list(engine, str(engine_catalogue().get(engine).default_version))
    assert known is not None
    assert [name for name in request_arguments(engine) if known.get(f"--{name}") is None] == []

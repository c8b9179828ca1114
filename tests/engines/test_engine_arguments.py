"""Arguments of engines by version, from their sources, and arguments that a rendered command line may use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from goldenpath.engines import (
    argument_list,
    argument_versions,
    engine_catalogue,
    refused_arguments,
    request_arguments,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import llama_cpp_arguments
from argparse_arguments import EngineSource, Reader
from argument_sources import Sources
from click_arguments import Command, options
from engine_arguments import COMMANDS, ENGINES, LLAMA_CPP, document

LISTED = [
    (engine, str(version))
    for engine in (*ENGINES, *COMMANDS, LLAMA_CPP)
    for version in argument_versions(engine)
]


@pytest.mark.parametrize(("engine", "version"), LISTED)
def test_a_list_names_its_files_and_each_argument_once(engine: str, version: str) -> None:
    found = argument_list(engine, version)
    assert found is not None
    assert str(found.version) == version
    assert found.files
    names = [name for argument in found for name in (argument.name, *argument.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("engine", [*ENGINES, *COMMANDS])
def test_the_default_version_of_the_catalogue_has_a_list_of_its_own(engine: str) -> None:
    default = engine_catalogue().get(engine).default_version
    assert str(default) in {str(version) for version in argument_versions(engine)}


def test_a_version_without_a_list_uses_the_previous_list() -> None:
    found = argument_list("vllm", "0.20.2")
    assert found is not None
    assert str(found.version) == "0.18.0"
    assert argument_list("vllm", "0.9.0") is None
    assert argument_list("tensorrt-llm", "1.0.0") is None
    assert str(getattr(argument_list("llama-cpp", "b9842"), "version", None)) == "b9840"
    assert argument_list("llama-cpp", "b5554") is None


# What release notes and pull requests say, read apart from the extraction.
FACTS = [
    ("vllm", "0.12.0", "--shutdown-timeout", False),  # vllm-project/vllm, pull request 36666: from 0.18
    ("vllm", "0.18.0", "--shutdown-timeout", True),
    ("vllm", "0.25.1", "--custom-histogram-buckets", False),  # absent in 0.31.0
    ("vllm", "0.33.0", "--custom-histogram-buckets", True),
    ("vllm", "0.33.0", "--no-enable-prefix-caching", True),
    ("vllm", "0.33.0", "-tp", True),
    ("vllm", "0.33.0", "--middleware", True),
    # ggml-org/llama.cpp, tools/server/README.md of that build
    ("llama-cpp", "b9840", "--n-gpu-layers", True),
    ("llama-cpp", "b9840", "--no-mmap", True),
    ("llama-cpp", "b9840", "--draft-max", True),
    ("llama-cpp", "b9840", "--display-prompt", False),  # of llama-cli alone
    ("sglang", "0.5.4", "--enable-metrics", True),
    ("sglang", "0.5.23", "--attn-dp-size", True),
    ("sglang", "0.5.23", "--tensor-parallel-size", True),
    ("sglang", "0.5.23", "--cuda-graph-max-bs", False),
    ("sglang", "0.5.9", "--cuda-graph-max-bs", True),
    # NVIDIA/TensorRT-LLM, pull requests and issues that show a command line
    ("tensorrt-llm", "1.1.0", "--tp_size", True),
    ("tensorrt-llm", "1.1.0", "--config", False),
    ("tensorrt-llm", "1.2.1", "--config", True),
    ("tensorrt-llm", "1.2.1", "--tp_size", True),
    ("tensorrt-llm", "1.2.1", "--served_model_name", False),
    ("tensorrt-llm", "1.3.0rc29", "--served_model_name", True),
    ("tensorrt-llm", "1.3.0rc29", "--no-telemetry", True),
]


@pytest.mark.parametrize(("engine", "version", "name", "known"), FACTS)
def test_the_catalogue_has_the_arguments_of_each_release(
    engine: str, version: str, name: str, known: bool
) -> None:
    found = argument_list(engine, version)
    assert found is not None
    assert (found.get(name) is not None) == known


def test_a_deprecated_argument_names_its_replacement() -> None:
    found = argument_list("sglang", "0.5.23")
    assert found is not None
    old = found.get("--enable-dp-attention")
    assert old is not None
    assert old.deprecated
    assert old.instead is not None
    assert old.instead.startswith("--attn-dp-size")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dtype=bfloat16", "--max-model-len", "32k", "-tp", "4", "--enable-expert-parallel"], []),
        (
            ["--max-model-length=4096"],
            ["--max-model-length is not an argument of vllm 0.33.0; did you mean --max-model-len?"],
        ),
        (["--tensor-parallel-size=four"], ["--tensor-parallel-size must be a whole number"]),
        (["--gpu-memory-utilization=most"], ["--gpu-memory-utilization must be a number"]),
        (
            ["--enable-prefix-caching=yes"],
            ["--enable-prefix-caching takes no value; set it to true or false"],
        ),
        (["--tensor-parallel-size"], ["--tensor-parallel-size needs a value"]),
        (
            ["--safetensors-load-strategy=fast"],
            ["--safetensors-load-strategy must be one of lazy, eager, prefetch, torchao"],
        ),
    ],
)
def test_a_command_line_is_held_against_the_versions_list(arguments: list[str], told: list[str]) -> None:
    found = argument_list("vllm", "0.33.0")
    assert found is not None
    assert list(found.problems(arguments)) == told


@pytest.mark.parametrize("engine", [*ENGINES, *COMMANDS])
def test_refused_arguments_exist_in_some_version(engine: str) -> None:
    lists = [argument_list(engine, str(version)) for version in argument_versions(engine)]
    unknown = [
        name
        for name in refused_arguments(engine)
        if not any(each and each.get(f"--{name}") for each in lists)
    ]
    assert unknown == []


def test_each_reason_is_one_argument_s_only_once() -> None:
    for engine in ENGINES:
        assert len(refused_arguments(engine)) > 20
    assert "import path" in refused_arguments("vllm")["middleware"]
    assert len(refused_arguments("tensorrt-llm")) > 20
    assert "import path" in refused_arguments("tensorrt-llm")["post_processor_hook"]
    assert refused_arguments("llama-cpp") == {}


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        ("llama-cpp", "b9840"),
        ("tensorrt-llm", "1.1.0"),
        ("tensorrt-llm", "1.2.1"),
        ("tensorrt-llm", "1.3.0rc22"),
    ],
)
def test_every_argument_of_a_request_is_one_of_the_engine(engine: str, version: str) -> None:
    found = argument_list(engine, version)
    assert found is not None
    assert [name for name in request_arguments(engine) if not found.get(f"--{name}")] == []


def test_values_of_llama_cpp_are_held_against_its_list() -> None:
    found = argument_list("llama-cpp", "b9840")
    assert found is not None
    assert list(found.problems(["--ctx-size", "8192", "--metrics", "--flash-attn", "on"])) == []
    assert list(found.problems(["--flash-attn", "yes"])) == ["--flash-attn must be one of on, off, auto"]
    assert list(found.problems(["--ctx-size", "much"])) == ["--ctx-size must be a whole number"]


# --- The extraction, on sources of our own

IN_CPP = """
    add_opt(common_arg(
        {"-c", "--ctx-size"}, "N",
        string_format("size (default: %d, \\"0\\" = of the model)", params.n_ctx),
        [](common_params & params, int value) { params.n_ctx = value; }  // a comment with ) and "
    ).set_env("LLAMA_ARG_CTX_SIZE"));
    add_opt(common_arg(
        {"--mmap"}, {"--no-mmap"}, "map the model",
        [](common_params & params, bool value) { params.use_mmap = value; }
    ));
    add_opt(common_arg(
        {"--pooling"}, "{none,mean}", "how",
        [](common_params & params, const std::string & value) { params.pooling = value; }
    ).set_examples({LLAMA_EXAMPLE_EMBEDDING, LLAMA_EXAMPLE_SERVER}));
    add_opt(common_arg(
        {"--color"}, "in colours",
        [](common_params & params) { params.color = true; }
    ).set_examples({LLAMA_EXAMPLE_CLI}));
    add_opt(common_arg(
        {"--temp"}, "N", "temperature",
        [](common_params & params, const std::string & value) { params.temp = std::stof(value); }
    ).set_excludes({LLAMA_EXAMPLE_SERVER}));
    add_opt(common_arg(
        {"--draft"}, "N", "the argument has been removed. use --spec-draft",
        [](common_params & /*params*/, int /*value*/) { arg_removed("use --spec-draft"); }
    ));
"""


def test_the_arguments_of_a_server_are_read_from_cpp() -> None:
    assert llama_cpp_arguments.arguments(IN_CPP) == [
        {"name": "--ctx-size", "type": "integer", "aliases": ["-c"]},
        {"name": "--mmap", "type": "flag"},
        {"name": "--no-mmap", "type": "flag"},
        {"name": "--pooling", "type": "text", "choices": ["none", "mean"]},
        {"name": "--draft", "type": "integer", "deprecated": True, "instead": "--spec-draft"},
    ]


FIELDS = '''
from typing import Literal
from engine.more import Backend, SIZES
class Base:
    seed: int | None = None
class Config(Base):
    dtype: Literal["auto", "half"] | str = "auto"
    """Any."""
    mode: Literal["a", "b"] = "a"
    backend: Backend = "x"
    old: bool = False
    """Deprecated: use `--mode`."""
    sizes: list[int] = field(default_factory=list)
    limit: float = Field(default=0.5, gt=0)
    extra: dict[str, int] | None = None
'''
MORE = 'Backend = Literal["x", "y"] | None\nSIZES = ["s", "m"]\n'
CALLS = """
import argparse
from engine.fields import Config
from engine.more import SIZES
class Args:
    @staticmethod
    def add_cli_args(parser):
        kwargs = get_kwargs(Config)
        for_all = parser.add_argument_group("all")
        for_all.add_argument("--dtype", "-d", **kwargs["dtype"])
        for_all.add_argument("--mode", **{**kwargs["mode"], "default": None})
        for_all.add_argument("--backend", **kwargs["backend"])
        for_all.add_argument("--old", **kwargs["old"])
        for_all.add_argument("--sizes", **kwargs["sizes"])
        for_all.add_argument("--limit", **kwargs["limit"])
        for_all.add_argument("--extra", **kwargs["extra"])
        for_all.add_argument("--seed", **kwargs["seed"])
        parser.add_argument("--count", type=int, default=2)
        parser.add_argument("--size", choices=SIZES)
        parser.add_argument("--quiet", action="store_true", help="(Deprecated, use --loud) Say less.")
        parser.add_argument("model", type=str)
"""


def test_the_extraction_reads_fields_calls_and_aliases(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    for name, text in {"fields": FIELDS, "more": MORE, "args": CALLS}.items():
        (tmp_path / "engine" / f"{name}.py").write_text(text)
    sources = Sources([tmp_path])
    found = Reader(EngineSource("x/x", ("engine.args",), (), switches=True), sources).arguments()
    assert {argument.name: argument.facts() for argument in found} == {
        "--dtype": {"name": "--dtype", "type": "text", "aliases": ["-d"], "default": "auto"},
        "--mode": {"name": "--mode", "type": "text", "choices": ["a", "b"]},
        "--backend": {"name": "--backend", "type": "text", "choices": ["x", "y"], "default": "x"},
        "--old": {
            "name": "--old",
            "type": "switch",
            "default": False,
            "deprecated": True,
            "instead": "--mode",
        },
        "--sizes": {"name": "--sizes", "type": "list", "default": []},
        "--limit": {"name": "--limit", "type": "number", "default": 0.5},
        "--extra": {"name": "--extra", "type": "json"},
        "--seed": {"name": "--seed", "type": "integer"},
        "--count": {"name": "--count", "type": "integer", "default": 2},
        "--size": {"name": "--size", "type": "text", "choices": ["s", "m"]},
        "--quiet": {"name": "--quiet", "type": "flag", "deprecated": True, "instead": "--loud"},
    }
    assert set(sources.read) == {"engine/args.py", "engine/fields.py", "engine/more.py"}


CLICK = """
import click
from engine.more import SIZES
LEVELS = {"info": 1, "debug": 2}
@click.command("other")
@click.option("--elsewhere", type=int)
def other(): ...
@click.command("serve")
@click.argument("model", type=str)
@click.option("--tensor_parallel_size", "--tp_size", "tp", type=int, default=1, help=tagged("Size.", "beta"))
@click.option("--share", type=float, default=0.9)
@click.option("--level", type=click.Choice(LEVELS.keys()), default="info")
@click.option("--size", type=ChoiceWithAlias(SIZES, {"small": "s"}))
@click.option("--parser", type=click.Choice(Registry.parsers.keys()))
@click.option("--most", type=int, default=Config.model_fields["most"].default)
@click.option("--folder", type=click.Path(exists=True), multiple=True)
@click.option("--quiet", is_flag=True, default=False, help=tagged("[Deprecated] Say less.", "deprecated"))
@click.option("--telemetry/--no-telemetry", default=True)
@click.option("--up/--down", default=True)
def serve(): ...
"""


def test_the_options_of_a_click_command_are_read_and_those_of_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "serve.py").write_text(CLICK)
    (tmp_path / "engine" / "more.py").write_text(MORE)
    sources = Sources([tmp_path])
    found = options(Command("x/x", "engine.serve", "serve"), sources)
    assert [argument.facts() for argument in found] == [
        {"name": "--folder", "type": "list"},
        {"name": "--level", "type": "text", "choices": ["info", "debug"], "default": "info"},
        {"name": "--most", "type": "integer"},
        {"name": "--parser", "type": "text"},
        {"name": "--quiet", "type": "flag", "default": False, "deprecated": True},
        {"name": "--share", "type": "number", "default": 0.9},
        {"name": "--size", "type": "text", "choices": ["s", "m", "small"]},
        {"name": "--telemetry", "type": "switch", "default": True},
        {"name": "--tensor_parallel_size", "type": "integer", "aliases": ["--tp_size"], "default": 1},
        {"name": "--up", "type": "flag", "aliases": ["--down"], "default": True},
    ]
    assert set(sources.read) == {"engine/more.py", "engine/serve.py"}
    assert options(Command("x/x", "engine.serve", "nothing"), sources) == []


def test_annotated_fields_are_read_and_what_has_no_command_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "fields.py").write_text(
        'CHOICES = ["lpm", "fcfs"]\n'
        "class F:\n"
        '    model_path: A[str, Arg(help="Path.", aliases=["--model"])]\n'
        '    policy: A[str, Arg(help="Policy.", choices=CHOICES)] = "fcfs"\n'
        '    trust: A[bool, "Whether to trust."] = False\n'
        '    inner: A[bool, Arg(help="x", no_cli=True)] = False\n'
        "    plain: int = 1\n"
    )
    reader = Reader(EngineSource("x/x", (), ("e.fields:*",), switches=False), Sources([tmp_path]))
    assert [argument.facts() for argument in reader.arguments()] == [
        {"name": "--model-path", "type": "text", "aliases": ["--model"]},
        {"name": "--policy", "type": "text", "choices": ["lpm", "fcfs"], "default": "fcfs"},
        {"name": "--trust", "type": "flag", "default": False},
    ]


def test_an_engine_whose_sources_moved_is_not_written_as_one_without_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no arguments of vllm 9"):
        document("vllm", "9", [tmp_path])

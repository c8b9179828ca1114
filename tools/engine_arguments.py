"""Writes the arguments of an inference engine's server to ``goldenpath/engines/arguments``.

    python tools/engine_arguments.py vllm 0.32.0 WHEEL_OR_FOLDER …
    python tools/engine_arguments.py tensorrt-llm 1.2.1 FOLDER_OF_TENSORRT_LLM
    python tools/engine_arguments.py llama-cpp b9840 FOLDER_OF_LLAMA_CPP

The sources are read as syntax trees; no code of an engine is imported or run. The output has facts without prose: name,
other names, type, choices, default, deprecation and replacement, and the digest of each file that was read. A value that
only a running engine knows (a default of the machine, choices of plug-ins) is left out.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llama_cpp_arguments
from argparse_arguments import EngineSource, Reader
from argument_sources import Sources
from click_arguments import Command, options
from entry_lines import json_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LLAMA_CPP: Final = "llama-cpp"
"""An engine in C++. ``llama_cpp_arguments.py`` reads its arguments."""
OUT: Final = Path(__file__).resolve().parent.parent / "goldenpath" / "engines" / "arguments"

_VLLM_FRONTENDS: Final = tuple(
    f"vllm.entrypoints.{place}.cli_args" for place in ("common", "launchers", "openai")
)
"""The modules with the arguments of vLLM's HTTP server. Each release has one of them."""

ENGINES: Final[Mapping[str, EngineSource]] = {
    "vllm": EngineSource(
        "vllm-project/vllm",
        ("vllm.engine.arg_utils", *_VLLM_FRONTENDS),
        tuple(
            f"{module}:{name}" for module in _VLLM_FRONTENDS for name in ("BaseFrontendArgs", "FrontendArgs")
        ),
        switches=True,
    ),
    "sglang": EngineSource(
        "sgl-project/sglang",
        ("sglang.srt.server_args",),
        ("sglang.srt.arg_groups.fields.*:*", "sglang.srt.server_args:ServerArgs"),
        switches=False,
    ),
}

COMMANDS: Final[Mapping[str, Command]] = {
    "tensorrt-llm": Command("NVIDIA/TensorRT-LLM", "tensorrt_llm.commands.serve", "serve"),
}
"""Engines whose server declares its options with click."""


def document(engine: str, version: str, places: Sequence[Path]) -> dict[str, Any]:
    """The arguments of one version of an engine, with the digests of the files that were read.

    Raises:
        ValueError: the sources have no module of :data:`ENGINES` or :data:`COMMANDS`.
    """
    if engine == LLAMA_CPP:
        return _llama_cpp(version, places[0])
    sources = Sources(places)
    if engine in COMMANDS:
        project = COMMANDS[engine].project
        found = options(COMMANDS[engine], sources)
    else:
        project = ENGINES[engine].project
        found = Reader(ENGINES[engine], sources).arguments()
    if not found:
        raise ValueError(
            f"{', '.join(map(str, places))}: no arguments of {engine} {version}; find its modules, and correct the table"
        )
    return {
        "engine": engine,
        "version": version,
        "project": project,
        "files": dict(sorted(sources.read.items())),
        "arguments": [each.facts() for each in found],
    }


def _llama_cpp(version: str, folder: Path) -> dict[str, Any]:
    data = (folder / llama_cpp_arguments.FILE).read_bytes()
    return {
        "engine": LLAMA_CPP,
        "version": version,
        "project": "ggml-org/llama.cpp",
        "files": {llama_cpp_arguments.FILE: hashlib.sha256(data).hexdigest()},
        "arguments": llama_cpp_arguments.arguments(data.decode()),
    }


def main(arguments: list[str]) -> int:
    """Write the arguments of one version of an engine. Return the exit code."""
    if len(arguments) < 3 or arguments[0] not in {*ENGINES, *COMMANDS, LLAMA_CPP}:  # noqa: PLR2004 - engine, version and a place
        print(__doc__)
        return 2
    engine, version, *places = arguments
    content = document(engine, version, [Path(place) for place in places])
    OUT.mkdir(exist_ok=True)
    text = json_lines(content, "files", "arguments")
    (OUT / f"{engine}-{version}.json").write_text(text, encoding="utf-8")
    print(f"{engine} {version}: {len(content['arguments'])} arguments from {len(content['files'])} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

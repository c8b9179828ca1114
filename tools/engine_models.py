"""Writes the model architectures that an inference engine implements to ``goldenpath/engines/models``.

    python tools/engine_models.py vllm 0.10.2=WHEEL_OR_FOLDER 0.33.0=WHEEL_OR_FOLDER …
    python tools/engine_models.py sglang 0.5.4=WHEEL_OR_FOLDER …

An architecture is a name under ``architectures`` in the ``config.json`` of a model. The sources are read as syntax trees;
no code of an engine is imported or run. The output has each name with the first version that has it and the next version
that lacks it, and the digest of the files of each version. Models for embeddings, scores and drafts are left out, because
they generate no text.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from argument_sources import python_files
from entry_lines import json_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

OUT: Final = Path(__file__).resolve().parent.parent / "goldenpath" / "engines" / "models"
PROJECTS: Final = {"vllm": "vllm-project/vllm", "sglang": "sgl-project/sglang"}
_REGISTRY: Final = "vllm/model_executor/models/registry.py"
_TABLES: Final = frozenset({"_TEXT_GENERATION_MODELS", "_MULTIMODAL_MODELS"})
_MODELS: Final = "sglang/srt/models/"


def classes(engine: str, files: Mapping[str, bytes]) -> frozenset[str]:
    """The architectures of one version.

    Raises:
        ValueError: the engine keeps its architectures in other modules.
    """
    found = of_vllm(files[_REGISTRY]) if engine == "vllm" else of_sglang(files)
    if not found:
        raise ValueError(f"no architectures of {engine}; find its modules, and correct `classes`")
    return found


def of_vllm(registry: bytes) -> frozenset[str]:
    """The keys of the registry's tables of models that generate text."""
    found: set[str] = set()
    for node in ast.parse(registry).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id in _TABLES and isinstance(value, ast.Dict):
            found |= {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
    return frozenset(found)


def of_sglang(files: Mapping[str, bytes]) -> frozenset[str]:
    """The classes that the modules of models name as their ``EntryClass``, without drafts of other models."""
    found: set[str] = set()
    for data in files.values():
        for node in ast.parse(data).body:
            if isinstance(node, ast.Assign) and any(
                isinstance(each, ast.Name) and each.id == "EntryClass" for each in node.targets
            ):
                entries = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
                found |= {entry.id for entry in entries if isinstance(entry, ast.Name)}
    return frozenset(name for name in found if not name.endswith(("NextN", "MTP", "Eagle", "Eagle3")))


def document(engine: str, places: Mapping[str, Path]) -> dict[str, Any]:
    """The architectures of an engine in all its versions, from the oldest to the newest."""
    sources = {version: read(engine, place) for version, place in places.items()}
    names = {version: classes(engine, files) for version, files in sources.items()}
    spans: dict[str, list[str]] = {}
    for name in sorted(frozenset[str]().union(*names.values())):
        having = [version for version in names if name in names[version]]
        later = list(names)[list(names).index(having[-1]) + 1 :]
        spans[name] = [having[0], *later[:1]]
    return {
        "engine": engine,
        "project": PROJECTS[engine],
        "versions": {version: digest(files) for version, files in sources.items()},
        "architectures": spans,
    }


def read(engine: str, place: Path) -> dict[str, bytes]:
    """The files of one version that name its models."""
    prefix = _REGISTRY if engine == "vllm" else _MODELS
    return {name: data for name, data in python_files(place) if name.startswith(prefix)}


def digest(files: Mapping[str, bytes]) -> str:
    """One SHA-256 of all files, as ``sha256sum FILE… | sha256sum`` prints it for their sorted names."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main(arguments: list[str]) -> int:
    """Write the architectures of an engine. Return the exit code."""
    if len(arguments) < 2 or arguments[0] not in PROJECTS or not all("=" in each for each in arguments[1:]):  # noqa: PLR2004 - engine and a version
        print(__doc__)
        return 2
    engine, *versions = arguments
    named = (each.partition("=") for each in versions)
    content = document(engine, {version: Path(place) for version, _, place in named})
    OUT.mkdir(exist_ok=True)
    text = json_lines(content, "versions", "architectures")
    (OUT / f"{engine}.json").write_text(text, encoding="utf-8")
    print(f"{engine}: {len(content['architectures'])} architectures over {len(content['versions'])} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Say which architectures of models an inference engine implements, as ``goldenpath/engines/models`` holds them.

    python tools/engine_models.py vllm 0.10.2=WHEEL_OR_FOLDER 0.33.0=WHEEL_OR_FOLDER …
    python tools/engine_models.py sglang 0.5.4=WHEEL_OR_FOLDER …

An architecture is what a model's ``config.json`` names under ``architectures``. The sources are read as syntax trees; nothing of an
engine is imported or run. Kept are the names alone, each with the first of the versions that has it, and the next that has it no more;
and the digest of the files of each version. Models for embeddings, scores and drafts are left out: they generate no text.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
        ValueError: nothing was found: the engine keeps them elsewhere.
    """
    found = of_vllm(files[_REGISTRY]) if engine == "vllm" else of_sglang(files)
    if not found:
        raise ValueError(f"no architectures of {engine}: did its modules move?")
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
    """The classes that modules of models name as their ``EntryClass``; a draft of another model does not count."""
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
    """The architectures of an engine over its versions, which are given in order."""
    there = {version: read(engine, place) for version, place in places.items()}
    names = {version: classes(engine, files) for version, files in there.items()}
    spans: dict[str, list[str]] = {}
    for name in sorted(frozenset[str]().union(*names.values())):
        having = [version for version in names if name in names[version]]
        later = list(names)[list(names).index(having[-1]) + 1 :]
        spans[name] = [having[0], *later[:1]]
    return {
        "engine": engine,
        "project": PROJECTS[engine],
        "versions": {version: digest(files) for version, files in there.items()},
        "architectures": spans,
    }


def read(engine: str, place: Path) -> dict[str, bytes]:
    """The files of one version that name its models."""
    if place.is_file():
        with zipfile.ZipFile(place) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist() if is_read(engine, name)}
    paths = (path for path in place.rglob("*.py") if path.is_file())
    named = {path.relative_to(place).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if is_read(engine, name)}


def is_read(engine: str, name: str) -> bool:
    """Whether a file of an engine names its models."""
    return name == _REGISTRY if engine == "vllm" else name.startswith(_MODELS) and name.endswith(".py")


def digest(files: Mapping[str, bytes]) -> str:
    """One SHA-256 of files, as ``sha256sum FILE… | sha256sum`` gives it for their names in order."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def written(content: Mapping[str, Any]) -> str:
    """The file: one architecture a line."""
    parts = []
    for key, value in content.items():
        if isinstance(value, str):
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
            continue
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(said)}" for name, said in value.items())
        parts.append(f" {json.dumps(key)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Write the list of an engine; the exit code."""
    if len(arguments) < 2 or arguments[0] not in PROJECTS or not all("=" in each for each in arguments[1:]):  # noqa: PLR2004 - engine and a version
        print(__doc__)
        return 2
    engine, *versions = arguments
    named = (each.partition("=") for each in versions)
    content = document(engine, {version: Path(place) for version, _, place in named})
    OUT.mkdir(exist_ok=True)
    (OUT / f"{engine}.json").write_text(written(content), encoding="utf-8")
    print(f"{engine}: {len(content['architectures'])} architectures over {len(content['versions'])} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

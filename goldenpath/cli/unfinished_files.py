"""Finds files that another program finishes before they are applied: kustomize, SOPS, or a tool that fills in ``${VAR}``."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Kustomizations", "has_kustomize_directive", "has_variables", "is_encrypted"]

_BUILD_FILES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHANGES_NOTHING: Final = frozenset({"apiVersion", "kind", "metadata", "resources", "sortOptions"})
_LISTS_OF_FILES: Final = (
    "bases",
    "components",
    "configurations",
    "crds",
    "generators",
    "resources",
    "transformers",
    "validators",
)
_PATCHES: Final = ("patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")
_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*([:=?+-][^{}]*)?\}|\$\([A-Za-z_][A-Za-z0-9_-]*\)")
# Fields whose `${VAR}` or `$(VAR)` may be for a shell, a program or the kubelet.
_FREE_TEXT: Final = frozenset(
    {"annotations", "args", "binaryData", "command", "data", "description", "stringData", "subPathExpr", "value"}
)  # fmt: skip
_TEMPLATE: Final = re.compile(r"\{\{.*\}\}")
_MOST_LEVELS_UP: Final = 8


class Kustomizations:
    """The files that kustomize changes, according to the build files above them and in the named folders."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._build_files: dict[Path, Path] = {}
        for build_file in files:
            if build_file.name in _BUILD_FILES:
                for changed in _changed_by(build_file):
                    self._build_files.setdefault(changed, build_file)

    def changing(self, file: Path) -> Path | None:
        """The build file that changes a file; None if there is no such build file."""
        resolved = file.resolve()
        for folder in resolved.parents[:_MOST_LEVELS_UP]:
            for name in _BUILD_FILES:
                build_file = folder / name
                if build_file != resolved and resolved in _changed_by(build_file):
                    return build_file
        return self._build_files.get(resolved)

    def reads(self, file: Path) -> bool:
        """Whether kustomize reads a file: a build file, which needs no ``kind``, or a file that it changes."""
        return file.name in _BUILD_FILES or self.changing(file) is not None

    @staticmethod
    def ignoring(file: Path) -> Path | None:
        """The build file in the file's folder or in the folder above, if it does not name the file."""
        resolved = file.resolve()
        for folder in resolved.parents[:2]:
            for name in _BUILD_FILES:
                build_file = folder / name
                if build_file != resolved and build_file.is_file():
                    body = _read(build_file)
                    is_named = resolved in set(_named_by(build_file, body, {build_file}))
                    return None if is_named else build_file
        return None


@cache
def _changed_by(build_file: Path) -> frozenset[Path]:
    """The files that a build file and the build files that it names change; empty for a build file that only lists files.

    A component always counts, because other build files use it.
    """
    body = _read(build_file)
    if not body.keys() - _CHANGES_NOTHING and body.get("kind") != "Component":
        return frozenset()
    return frozenset(_named_by(build_file, body, {build_file}))


def _named_by(build_file: Path, body: dict[str, Any], seen: set[Path]) -> Iterator[Path]:
    for name in _names(body):
        target = (build_file.parent / name).resolve()
        if target.is_file():
            yield target
        elif target.is_dir():
            for below in (target / name for name in _BUILD_FILES):
                if below not in seen and below.is_file():
                    seen.add(below)
                    yield from _named_by(below, _read(below), seen)


def _names(body: dict[str, Any]) -> Iterator[str]:
    for field in (*_LISTS_OF_FILES, *_PATCHES):
        entries = body.get(field)
        for entry in entries if isinstance(entries, list) else ():
            name = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(name, str) and "\n" not in name and "://" not in name:
                yield name

    for generator in _mappings(body, *_GENERATORS):
        for field in ("files", "envs"):
            entries = generator.get(field)
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, str):
                    yield entry.rpartition("=")[2]
    for chart in _mappings(body, "helmCharts"):
        if isinstance(values := chart.get("valuesFile"), str):
            yield values


def _mappings(body: dict[str, Any], *fields: str) -> Iterator[dict[str, Any]]:
    for field in fields:
        entries = body.get(field)
        yield from (
            (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()
        )


def _read(build_file: Path) -> dict[str, Any]:
    try:
        body = kubeyaml.load(kubeyaml.read_text(build_file)) if build_file.is_file() else None
    except InputError:
        return {}
    return body if isinstance(body, dict) else {}


def has_variables(body: dict[str, Any]) -> bool:
    """Whether an object has ``${VAR}`` or ``$(VAR)`` outside of free text, or a template in its metadata."""
    metadata = body.get("metadata")
    of_metadata = metadata if isinstance(metadata, dict) else {}
    return _holds(body, _VARIABLE) or _holds(of_metadata, _TEMPLATE)


def _holds(value: Any, pattern: re.Pattern[str]) -> bool:
    if isinstance(value, dict):
        return any(
            _holds(key, pattern) or (key not in _FREE_TEXT and _holds(item, pattern))
            for key, item in value.items()
        )
    if isinstance(value, list):
        return any(_holds(item, pattern) for item in value)
    return isinstance(value, str) and "\n" not in value and pattern.search(value) is not None


def is_encrypted(body: dict[str, Any]) -> bool:
    """Whether SOPS has encrypted an object; Flux decrypts it before it applies it."""
    sops = body.get("sops")
    return isinstance(sops, dict) and "mac" in sops


def has_kustomize_directive(value: Any) -> bool:
    """Whether an object has a directive of kustomize, such as ``$patch: delete``."""
    if isinstance(value, dict):
        return any(
            key in {"$patch", "$retainKeys"} or str(key).startswith("$setElementOrder/") or has_kustomize_directive(item)
            for key, item in value.items()
        )  # fmt: skip
    return isinstance(value, list) and any(has_kustomize_directive(item) for item in value)

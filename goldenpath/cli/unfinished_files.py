"""Files that something else finishes before an API server sees them: kustomize, or the tool that fills in ``${VAR}``."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["has_variables", "kustomization_of"]

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
_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*([:=?+-][^{}]*)?\}")
_FREE_TEXT: Final = frozenset(
    {"annotations", "args", "binaryData", "command", "data", "description", "stringData"}
)
_MOST_LEVELS_UP: Final = 8


def kustomization_of(file: Path) -> Path | None:
    """The kustomize build file that changes a file before it is applied; None where no such file names it."""
    whole = file.resolve()
    for folder in whole.parents[:_MOST_LEVELS_UP]:
        for name in _BUILD_FILES:
            build_file = folder / name
            if build_file != whole and whole in _changed_by(build_file):
                return build_file
    return None


@cache
def _changed_by(build_file: Path) -> frozenset[Path]:
    """The files that a build file changes, through the build files that it names too. None where it only lists them."""
    body = _read(build_file)
    if not body.keys() - _CHANGES_NOTHING:
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


def _read(build_file: Path) -> dict[str, Any]:
    try:
        body = kubeyaml.load(kubeyaml.read_text(build_file)) if build_file.is_file() else None
    except InputError:
        return {}
    return body if isinstance(body, dict) else {}


def has_variables(value: Any) -> bool:
    """Whether a value, or one below it, has a ``${VAR}``; text that is free to hold one does not count."""
    if isinstance(value, dict):
        return any(
            has_variables(key) or (key not in _FREE_TEXT and has_variables(item))
            for key, item in value.items()
        )
    if isinstance(value, list):
        return any(has_variables(item) for item in value)
    return isinstance(value, str) and "\n" not in value and _VARIABLE.search(value) is not None

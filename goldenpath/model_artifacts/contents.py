"""Checks the files of a model's folder: only allowed formats, and no code that runs when the model is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from goldenpath.findings import Finding, Severity
from goldenpath.model_artifacts.weight_headers import HEADER_CHECKS, WrongHeaderError, holds_pickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["ALLOWED_RULES", "ModelContents", "check_contents"]

ALLOWED_RULES: Final = ("model-format", "model-pickle", "model-remote-code", "model-unknown-file")
"""Rules that a person can accept with `--allow` and a reason."""

_PICKLED: Final = frozenset(
    {".bin", ".ckpt", ".dill", ".h5", ".hdf5", ".joblib", ".keras", ".npz", ".pdparams", ".pickle", ".pkl", ".pt", ".pth", ".t7"}
)  # fmt: skip
"""Suffixes of formats that can run code when they are loaded, such as pickle, and Keras with its Lambda layers."""
_CODE: Final = frozenset({".bat", ".dll", ".dylib", ".exe", ".ipynb", ".jar", ".js", ".ps1", ".py", ".pyc", ".pyd", ".pyz", ".sh", ".so", ".whl"})  # fmt: skip
_TEXTS: Final = frozenset({".csv", ".jinja", ".json", ".jsonl", ".md", ".txt", ".yaml", ".yml"})
_PLAIN: Final = frozenset({".gif", ".jpeg", ".jpg", ".model", ".pdf", ".png", ".sig", ".spm", ".svg", ".tiktoken", ".vocab", ".webp"})  # fmt: skip
_NAMES: Final = frozenset(
    {"license", "licence", "notice", "readme", "copying", "usage_policy", ".gitattributes"}
)
_REMOTE: Final = ("auto_map", "trust_remote_code", "custom_pipelines")
_MAX_JSON: Final = 64 << 20
_START: Final = 4096
_CONVERT = "Convert the weights to safetensors (`safetensors.torch.save_file`), and remove this file."


@dataclass(frozen=True, slots=True)
class ModelContents:
    """The contents of a model's folder.

    Attributes:
        findings: every refused file, in the order of paths, before `--allow` accepts any.
        weights: paths of the files with weights.
        formats: the sorted formats of the weights: ``gguf``, ``onnx``, ``safetensors``.
        config: the content of `config.json`; empty without such a file.

    """

    findings: tuple[Finding, ...]
    weights: tuple[str, ...]
    formats: tuple[str, ...]
    config: dict[str, Any]


def check_contents(folder: Path, paths: Iterable[str]) -> ModelContents:
    """Check the plain files of a model. ``paths`` are relative to the folder.

    Raises:
        OSError: a file cannot be read.
    """
    findings: list[Finding] = []
    weights: list[str] = []
    config: dict[str, Any] = {}
    for path in paths:
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in HEADER_CHECKS:
            weights.append(path)
        findings += _check_file(folder, path, suffix)
        if path == "config.json":
            found = _json(folder / path)
            config = found if isinstance(found, dict) else {}
    if not weights:
        message = "holds no weights in safetensors, GGUF or ONNX"
        findings.append(
            _finding("", "model-format", message, "Add the weights to the folder in one of these formats.")
        )
    formats = {PurePosixPath(path).suffix.lower()[1:] for path in weights}
    return ModelContents(tuple(findings), tuple(weights), tuple(sorted(formats)), config)


def _check_file(folder: Path, path: str, suffix: str) -> Iterator[Finding]:
    place = folder / path
    with place.open("rb") as file:
        start = file.read(_START)
        if check := HEADER_CHECKS.get(suffix):
            file.seek(0)
            try:
                check(file, place.stat().st_size)
            except WrongHeaderError as error:
                yield _finding(
                    path, "model-format", str(error), "Write the file again with the format's own library."
                )
            return
    if suffix in _PICKLED:
        message = f"has a format ({suffix}) that can run code when it is loaded"
        yield _finding(path, "model-pickle", message, _CONVERT)
    elif suffix in _CODE or start.startswith((b"#!", b"\x7fELF", b"MZ")):
        message = "is code, and a loader with remote code enabled runs it"
        fix = "Remove the file, and serve the model with the code of the engine's image."
        yield _finding(path, "model-remote-code", message, fix)
    elif holds_pickle(start):
        message = "has the first bytes of a pickle or an archive"
        yield _finding(path, "model-pickle", message, _CONVERT)
    elif suffix in _TEXTS or PurePosixPath(path).name.lower() in _NAMES:
        if b"\0" in start:
            message = "has the name of a text file, but its bytes are not text"
            fix = "Remove the file, or give it the suffix of its format."
            yield _finding(path, "model-unknown-file", message, fix)
        elif suffix == ".json":
            yield from _check_json(place, path)
    elif suffix not in _PLAIN:
        message = f"has a format ({suffix or 'no suffix'}) that is not allowed"
        yield _finding(path, "model-unknown-file", message, "Remove the file.")


def _check_json(place: Path, path: str) -> Iterator[Finding]:
    document = _json(place)
    if document is None:
        message = f"is not JSON, or has more than {_MAX_JSON >> 20} MiB, so it could hide a reference to code"
        yield _finding(path, "model-unknown-file", message, "Write the file again as JSON, or remove it.")
    for key in sorted(set(_remote_keys(document))):
        message = f"has the key {key}, and loaders fetch and run the code that it names"
        fix = f"Remove {key}, or serve the model with an engine that has its architecture."
        yield _finding(path, "model-remote-code", message, fix)


def _remote_keys(document: Any) -> Iterator[str]:
    """The keys at any depth that name code, except those with an empty or false value."""
    stack = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield from (key for key in _REMOTE if node.get(key))
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def _json(place: Path) -> Any:
    """A JSON document; None for a file that is too large or not JSON. Tokenizers have files of some ten megabytes."""
    if place.stat().st_size > _MAX_JSON:
        return None
    try:
        return json.loads(place.read_bytes())
    except (ValueError, RecursionError):
        return None


def _finding(path: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(path, "", "", rule, Severity.ERROR, message, fix)

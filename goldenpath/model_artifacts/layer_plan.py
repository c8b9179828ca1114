"""Assigns files to layers by their names and sizes alone, so the same model has the same layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.model_artifacts.tar_stream import LayerFile, TarLayer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MAX_LAYERS", "plan_layers"]

_SMALL: Final = 16 << 20
_TARGET: Final = 1 << 30
MAX_LAYERS: Final = 64
"""Overlay file systems allow some hundred layers at most, and nodes pull a few at a time."""


def plan_layers(folder: Path, files: Sequence[LayerFile]) -> tuple[TarLayer, ...]:
    """Assign the files of a model, in the order of their paths, to layers.

    Small files share one layer. Large files fill layers of about a gigabyte or more. A new tokenizer therefore does not
    change the layers of the weights, and nodes fetch them once.
    """
    small = tuple(file for file in files if file.size < _SMALL)
    large = [file for file in files if file.size >= _SMALL]
    target = max(_TARGET, -(-sum(file.size for file in large) // (MAX_LAYERS - 1)))
    groups: list[list[LayerFile]] = []
    filled = target
    for file in large:
        if filled >= target:
            groups.append([])
            filled = 0
        groups[-1].append(file)
        filled += file.size
    layers = [TarLayer(folder, small)] if small else []
    return (*layers, *(TarLayer(folder, tuple(group)) for group in groups))

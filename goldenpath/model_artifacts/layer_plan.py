"""Assigns files to layers, from names and sizes alone: the same model has the same layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.model_artifacts.tar_stream import LayerFile, TarLayer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MAX_LAYERS", "layers_of"]

_SMALL: Final = 16 << 20
_TARGET: Final = 1 << 30
MAX_LAYERS: Final = 64
"""Overlay file systems take some hundred layers at most, and nodes pull a few at a time."""


def layers_of(folder: Path, files: Sequence[LayerFile]) -> tuple[TarLayer, ...]:
    """The layers of a model: small files in one, large ones in order in layers of about a gigabyte or more.

    A new tokenizer then leaves the layers of the weights as they are, and nodes fetch them once.

    Args:
        folder: the model's.
        files: its files, in the order of their paths.
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

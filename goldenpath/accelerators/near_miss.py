"""The id that a person probably meant by one that is not in the catalogue."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ALIKE: Final = 0.65
_LONGEST_GUESSED: Final = 100
"""Longer texts are no ids, and comparing them costs the product of the lengths."""


def nearest_id(text: str, partitions: Mapping[str, Sequence[str]], aliases: Mapping[str, str]) -> str | None:
    """The id closest to ``text``, case aside, or None where nothing is close.

    ``partitions`` maps each model to the ids of its partitions, ``aliases`` other names to ids. A wrong
    partition is corrected within its model, a wrong model keeps the partition where the right model has it.
    """
    wanted = text.strip().lower()
    if not wanted or len(wanted) > _LONGEST_GUESSED:
        return None
    model_text, slash, partition_text = wanted.partition("/")
    model = _model(model_text, partitions, aliases)
    if model is None or not slash:
        return model
    candidates = {each.partition("/")[2].lower(): each for each in partitions[model]}
    if not candidates:
        return model
    return candidates[max(candidates, key=lambda name: _likeness(partition_text, name))]


def _model(wanted: str, models: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    names = {model: model for model in models} | dict(aliases)
    if wanted in names:
        return names[wanted]
    # "H100" and "h100-80gb" are whole words of an id: the first one in catalogue order is the common board.
    # The vendor alone says nothing about the model.
    words = "-".join(wanted.replace("_", " ").replace("-", " ").split())
    for name, model in names.items():
        if words and f"-{words}-" in f"-{name}-" and words != name.partition("-")[0]:
            return model
    close = difflib.get_close_matches(words, names, n=1, cutoff=_ALIKE)
    return names[close[0]] if close else None


def _likeness(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()

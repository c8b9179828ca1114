"""Finds the id in the catalogue that is closest to a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ALIKE: Final = 0.65
_LONGEST_GUESSED: Final = 100
"""Longer texts are not ids, and a comparison costs the product of the lengths."""


def nearest_id(text: str, partitions: Mapping[str, Sequence[str]], aliases: Mapping[str, str]) -> str | None:
    """Return the id closest to a text, ignoring case; None if no id is close.

    ``partitions`` maps each model to the ids of its partitions, and ``aliases`` maps other names to ids. A wrong
    partition is replaced by one of the same model. A wrong model is replaced, and the partition stays if the new model
    has it.
    """
    lowered = text.strip().lower()
    if not lowered or len(lowered) > _LONGEST_GUESSED:
        return None
    model_text, slash, partition_text = lowered.partition("/")
    model = _model(model_text, partitions, aliases)
    if model is None or not slash:
        return model
    candidates = {each.partition("/")[2].lower(): each for each in partitions[model]}
    if not candidates:
        return model
    return candidates[max(candidates, key=lambda name: _likeness(partition_text, name))]


def _model(text: str, models: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    names = {model: model for model in models} | dict(aliases)
    if text in names:
        return names[text]
    # "h100" and "h100-80gb" are whole words of an id; the first match in catalogue order is the common board.
    # The vendor alone does not identify a model.
    words = "-".join(text.replace("_", " ").replace("-", " ").split())
    for name, model in names.items():
        if words and f"-{words}-" in f"-{name}-" and words != name.partition("-")[0]:
            return model
    close = difflib.get_close_matches(words, names, n=1, cutoff=_ALIKE)
    return names[close[0]] if close else None


def _likeness(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()

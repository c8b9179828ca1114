"""The catalogue of published models, with the fields of their ``config.json`` that sizing reads."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError, Problem
from goldenpath.models.config_reader import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.models.architecture import Architecture

__all__ = ["ModelCatalogue", "model_catalogue"]


class ModelCatalogue:
    """Models by their Hugging Face id or an alias, ignoring case. Iteration yields the ids."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self._entries = dict(entries)
        self._ids = {
            alias.casefold(): id_
            for id_, entry in entries.items()
            for alias in (id_, *entry.get("aliases", ()))
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and id_.casefold() in self._ids

    def get(self, id_: str) -> Architecture:
        """Return a model; :raises InputError: for an unknown model, with the nearest id and the fix."""
        known = self._ids.get(id_.casefold())
        if known is None:
            message = "is not in the catalogue of models; give its config.json instead (--config FILE)"
            raise InputError([Problem("model", "unknown-model", message, id_, self.nearest(id_))])
        entry = self._entries[known]
        return read_config(entry["config"], name=known, source=entry["source"])

    def nearest(self, id_: str) -> str | None:
        """Return the id that is closest to a mistyped one."""
        wanted = id_.casefold()[:200]
        found = difflib.get_close_matches(wanted, self._ids, n=1, cutoff=0.7)
        if not found:
            found = [alias for alias in self._ids if alias.rpartition("/")[2] == wanted]
        return self._ids[found[0]] if found else None


@cache
def model_catalogue() -> ModelCatalogue:
    """Return the built-in catalogue; :raises DataError: where its data is broken."""
    place = "models/data/models.yaml"
    try:
        document = kubeyaml.load(
            (files("goldenpath.models") / "data" / "models.yaml").read_text(encoding="utf-8"), name=place
        )
        return ModelCatalogue({entry["name"]: entry for entry in document["models"]})
    except (OSError, KeyError, TypeError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error

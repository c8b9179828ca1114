"""The add-ons as one value, read and validated once."""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from goldenpath.addons.addon import Addon
from goldenpath.catalogue_files import read_catalogue_folder
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

__all__ = ["KUBERNETES", "AddonCatalogue", "addon_catalogue", "load_catalogue"]

KUBERNETES: Final = "kubernetes"
"""The id of the entry that is no add-on."""


class AddonCatalogue:
    """Every add-on by id, with Kubernetes itself beside them."""

    def __init__(self, entries: Mapping[str, Addon]) -> None:
        self._entries = dict(sorted(entries.items()))

    def __iter__(self) -> Iterator[Addon]:
        """The add-ons, without Kubernetes."""
        return (each for each in self._entries.values() if each.id != KUBERNETES)

    @property
    def kubernetes(self) -> Addon:
        """Kubernetes itself."""
        return self._entries[KUBERNETES]

    def get(self, id_: str) -> Addon:
        """Raises KeyError for an add-on that is not in the catalogue."""
        return self._entries[id_]

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], tuple[Addon, ...]]:
        found: dict[tuple[str, str], list[Addon]] = {}
        for entry in self._entries.values():
            for api in entry.apis:
                for kind in api.kinds:
                    found.setdefault((api.api_version, kind), []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    def serving(self, api_version: str, kind: str) -> tuple[Addon, ...]:
        """What serves a kind, in some version; empty for a kind that the catalogue does not know."""
        return self._by_kind.get((api_version, kind), ())


@cache
def addon_catalogue() -> AddonCatalogue:
    """The catalogue that ships with goldenpath.

    Raises ``DataError`` when the shipped data is broken.
    """
    return load_catalogue(files("goldenpath.addons") / "data")


def load_catalogue(folder: Traversable) -> AddonCatalogue:
    """Read ``<id>.yaml`` of each add-on in a folder.

    Raises ``DataError``, which names the file, where one is broken, or Kubernetes itself is missing.
    """
    entries = read_catalogue_folder(folder, Addon, "addons/data")
    if KUBERNETES not in entries:
        raise DataError(f"addons/data: {KUBERNETES}.yaml is missing")
    return AddonCatalogue(entries)
